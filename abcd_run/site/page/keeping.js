// Saving the machine in the browser, going on with it, and clearing it.

import { size } from "./bytes.js";
import { agreed, at, clicked } from "./elements.js";
import { made } from "./own.js";
import { again } from "./places.js";
import { hand } from "./remembered.js";
import { note } from "./status.js";
import { cannotStore, clear, save, saved } from "./storage.js";
import { troubled } from "./trouble.js";

const say = (words) => (at("keep-says").textContent = words);

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
