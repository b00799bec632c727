// Saving the machine in the browser, going on with it, and clearing it.

import { size } from "./bytes.js";
import { agreed, at, clicked } from "./elements.js";
import { again } from "./places.js";
import { hand, taken } from "./remembered.js";
import { note } from "./status.js";
import { cannotStore, clear, save, saved, state } from "./storage.js";
import { Trouble, troubled } from "./trouble.js";

const say = (words) => (at("keep-says").textContent = words);

/** Names what a saved machine was made from: it goes on with the same files only. */
const made = (told) => told.root.index.sha256 ?? told.root.index.path;

/**
 * Returns the machine that the person asked to go on with, `{about, state}`; undefined if none.
 * Fails if it does not fit this site's machine any more.
 */
export async function wished(told) {
  if (taken("restore") !== "yes") return undefined;
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

function goOn() {
  hand("restore", "yes");
  again();
}

/** Connects the dialog. `snapshot()` returns `{about, state}` of the machine as it is now. */
export async function keeping({ told, snapshot }) {
  const reason = await cannotStore();
  for (const id of ["keep-save", "keep-restore", "keep-clear"]) at(id).disabled = Boolean(reason);
  if (reason) {
    say(`${reason} So the machine cannot be saved here.`);
    return;
  }
  clicked("keep-save", () => working(() => saving(told, snapshot)));
  clicked("keep-restore", async () => {
    if (await agreed("Go on with the saved machine? What runs now is lost.", "Go on with it")) goOn();
  });
  clicked("keep-clear", async () => {
    if (await agreed("Delete the saved machine from this browser?", "Delete it")) {
      await working(async () => describe(await clear()));
    }
  });
  describe(await saved());
}

/** Offers a machine that was saved before. */
export async function offer() {
  if (await cannotStore()) return;
  const about = await saved();
  if (!about) return;
  note(`You saved this machine on ${new Date(about.when).toLocaleString()}.`, [
    { label: "Go on with it", does: goOn },
    { label: "Not now" },
  ]);
}

async function saving(told, snapshot) {
  say("Saving …");
  const { about, state: whole } = await snapshot();
  describe(await save({ ...about, made: made(told), memory: told.memory }, whole));
}

async function working(does) {
  try {
    await does();
  } catch (error) {
    const { message, remedy } = troubled(error);
    say(`${message} ${remedy}`);
  }
}

function describe(about) {
  at("keep-restore").disabled = !about;
  at("keep-clear").disabled = !about;
  if (!about) say("Nothing is saved in this browser.");
  else say(`Saved on ${new Date(about.when).toLocaleString()}: ${size(about.bytes)}.`);
}
