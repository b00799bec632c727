// Fetches the parts of the machine, checks them, and says how much of each is here.

import { hex, joined } from "./bytes.js";
import { place } from "./places.js";
import { Trouble } from "./trouble.js";

const DAMAGED = "Reload the page. If it happens again, the server's copy is damaged: tell whoever runs this site.";
const UNREACHABLE = "Check the connection, then reload the page.";

const BETWEEN_MS = 100;
/** Milliseconds between two words about how much is here: each takes time from reading. */

/** Returns a file's bytes as they arrive; `progress` is told how many are here. */
async function fetched(path, progress, options) {
  let answer;
  try {
    answer = await fetch(place(path), options);
  } catch (error) {
    throw new Trouble(`${path} could not be fetched: ${error.message}.`, UNREACHABLE);
  }
  if (!answer.ok) {
    throw new Trouble(`${path} could not be fetched: the server says ${answer.status}.`, DAMAGED);
  }
  try {
    return await read(answer, progress);
  } catch {
    throw new Trouble(`${path} arrived in part only.`, UNREACHABLE);
  }
}

async function read(answer, progress) {
  const reader = answer.body.getReader();
  const parts = [];
  let here = 0;
  let told = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(parts);
    parts.push(value);
    here += value.length;
    if (performance.now() - told < BETWEEN_MS) continue;
    told = performance.now();
    progress(here);
  }
}

/** Returns the sha256 of bytes in hex; empty where the browser has no crypto.subtle (plain HTTP). */
export async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) return "";
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** Returns a part's bytes: `{path, size?, sha256?}`. Fails if they are not what they should be. */
export async function part({ path, size, sha256: expected }, progress = () => {}, options = {}) {
  const bytes = await fetched(path, progress, options);
  if (size !== undefined && bytes.length !== size) {
    throw new Trouble(`${path} is damaged: ${bytes.length} bytes instead of ${size}.`, DAMAGED);
  }
  const digest = expected && (await sha256(bytes));
  if (digest && digest !== expected) {
    throw new Trouble(`${path} is damaged: its contents are not what was published.`, DAMAGED);
  }
  return bytes;
}

/** Returns what machine.json says, asked of the server each time. */
export async function description() {
  const bytes = await part({ path: "machine.json" }, () => {}, { cache: "no-cache" });
  let told;
  try {
    told = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new Trouble("machine.json is damaged: it is no JSON.", DAMAGED);
  }
  if (told.version !== 1) {
    throw new Trouble("machine.json is of another version than this page.", DAMAGED);
  }
  if (told.state && told.state.memory !== told.memory) {
    throw new Trouble(
      `The saved state is of a machine with ${told.state.memory} bytes of memory, and this one has ${told.memory}.`,
      "Add ?boot=cold to the address to do without it, and tell whoever runs this site.",
    );
  }
  return told;
}

/**
 * Fetches several parts at once: `parts` is {name: part}; returns {name: ArrayBuffer}, or what
 * `made[name]` makes of the bytes.
 */
export async function all(parts, tell, made = {}) {
  const fetching = Object.entries(parts).map(async ([name, one]) => {
    tell(name, 0, one.size);
    const bytes = await part(one, (here) => tell(name, here, one.size));
    tell(name, bytes.length, bytes.length);
    return [name, made[name] ? await made[name](bytes) : bytes.buffer];
  });
  return Object.fromEntries(await Promise.all(fetching));
}
