// What a start takes: on its way while the emulator and the terminal are still being fetched.

import { all, description } from "./loading.js";
import { wished } from "./own.js";
import { asked } from "./places.js";
import { progress } from "./status.js";
import { Trouble } from "./trouble.js";

/** Returns which files a start takes: with a state, neither kernel nor index. */
function wanted(told, { own, saved }) {
  const firmware = {
    wasm: told.v86?.wasm ?? { path: "v86/v86.wasm" },
    bios: told.bios?.seabios ?? { path: "bios/seabios.bin" },
    vgabios: told.bios?.vgabios ?? { path: "bios/vgabios.bin" },
  };
  if (own) return firmware; // one's own state is here already
  if (saved) return { ...firmware, state: saved };
  return { ...firmware, kernel: told.kernel, initrd: told.initrd, index: told.root.index };
}

/** Returns `{parts, own, state}`: what a start takes, and the state to go on from, if any. */
async function fetched(told) {
  const own = await wished(told);
  const saved = asked("boot") === "cold" ? undefined : told.state;
  const parts = await all(wanted(told, { own, saved }), progress, { wasm: compiled });
  return { parts, own, state: own?.state ?? parts.state };
}

/** Compiles the emulator while other parts still come in. */
async function compiled(bytes) {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new Trouble(`The emulator cannot begin: ${error?.message ?? error}`);
  }
}

/** The promise of what machine.json says. */
export const described = description();

/** The promise of all that a start takes. */
export const begun = described.then(fetched);

// Whoever awaits them says what went wrong.
for (const promise of [described, begun]) promise.catch(() => {});
