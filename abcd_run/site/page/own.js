// The person's own saved machine, if this page shall go on with it.

import { taken } from "./remembered.js";
import { Trouble } from "./trouble.js";

/** Names what a saved machine was made from: it goes on with the same files only. */
export const made = (told) => told.root.index.sha256 ?? told.root.index.path;

/**
 * Returns the machine that the person asked to go on with, `{about, state}`; undefined if none.
 * Fails if it does not fit this site's machine any more.
 */
export async function wished(told) {
  if (taken("restore") !== "yes") return undefined;
  const { saved, state } = await import("./storage.js");
  const about = await saved();
  if (!about) return undefined;
  const clearing = "Reload the page to start afresh; Keep… clears what was saved.";
  if (about.memory !== told.memory) {
    throw new Trouble("Your saved machine has another size of memory than this one.", clearing);
  }
  if (about.made !== made(told)) {
    throw new Trouble("Your saved machine is of another release than this site has now.", clearing);
  }
  try {
    return { about, state: await state() };
  } catch {
    throw new Trouble("Your saved machine is damaged.", clearing);
  }
}
