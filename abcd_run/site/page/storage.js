// The person's own saved machine, in the browser's IndexedDB: one for each site.

import { SITE } from "./places.js";
import { Trouble } from "./trouble.js";

const NAME = "abcd-tab";

/** Returns a request's or a transaction's result. */
function answered(request, event = "success") {
  return new Promise((told, failed) => {
    request.addEventListener(event, () => told(request.result));
    for (const bad of ["error", "abort"]) request.addEventListener(bad, () => failed(request.error));
  });
}

async function opened() {
  const request = indexedDB.open(NAME, 1);
  request.addEventListener("upgradeneeded", () => {
    request.result.createObjectStore("about");
    request.result.createObjectStore("state");
  });
  return answered(request);
}

/** Does `steps(about, state)` at once and entirely; returns what `steps` returns. */
async function inOne(mode, steps) {
  const database = await opened();
  try {
    const work = database.transaction(["about", "state"], mode, { durability: "strict" });
    const done = answered(work, "complete");
    const result = steps(work.objectStore("about"), work.objectStore("state"));
    await done;
    return result?.result;
  } finally {
    database.close();
  }
}

/** Says why this browser stores nothing; empty if it does. */
export async function cannotStore() {
  if (!globalThis.indexedDB) return "This browser has no storage for pages (IndexedDB).";
  try {
    (await opened()).close();
    return "";
  } catch {
    return "This browser stores nothing for this page: perhaps the window is a private one, or storage is switched off.";
  }
}

/** Returns what is known of the saved machine, `{when, bytes, …}`; undefined if there is none. */
export function saved() {
  return inOne("readonly", (about) => about.get(SITE));
}

export async function clear() {
  await inOne("readwrite", (about, state) => {
    about.delete(SITE);
    state.delete(SITE);
  });
}

/** Stores a machine: `about` is a plain object, `state` an ArrayBuffer. Replaces the last one. */
export async function save(about, state) {
  const packed = await through(new CompressionStream("gzip"), state);
  const whole = { ...about, when: Date.now(), bytes: packed.byteLength };
  // Not awaited: Firefox asks the person first.
  navigator.storage?.persist?.().catch(() => {});
  try {
    await inOne("readwrite", (abouts, states) => {
      abouts.put(whole, SITE);
      states.put(packed, SITE);
    });
  } catch (error) {
    if (error?.name !== "QuotaExceededError") throw error;
    throw new Trouble("There is no room for it in this browser's storage.", "Clear something, and save again.");
  }
  return whole;
}

/** Returns the saved machine's state as an ArrayBuffer. */
export async function state() {
  const packed = await inOne("readonly", (_, states) => states.get(SITE));
  return through(new DecompressionStream("gzip"), packed);
}

function through(stream, buffer) {
  return new Response(new Blob([buffer]).stream().pipeThrough(stream)).arrayBuffer();
}
