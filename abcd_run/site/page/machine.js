// Starts v86 with the machine's parts, and hands out its lines.

import { V86 } from "../v86/libv86.mjs";

import { Pieces } from "./pieces.js";
import { Trouble } from "./trouble.js";

const AT_ONCE = 64;
const WAITING = 512;
/** Bytes that a line's input holds before more is held back: v86 has room for 4096. */

const BETWEEN = 4;
/** Milliseconds until a line that is full is tried again. */

const REST = 20;
/**
 * Milliseconds that a halted machine rests at least. Its kernel, which Debian builds without NO_HZ, asks
 * for 250 ticks a second; it makes up for those that are late. Input and devices end a rest at once.
 */

/** Does something after what runs now. A timer would wait for a second in a tab behind others. */
function soon(does) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    does();
  };
  port2.postMessage(0);
}

/** Returns the emulator's imports with `rest()` milliseconds as the least that it waits for a timer. */
function resting({ env }, rest) {
  const timers = env.run_hardware_timers; // its result counts while the machine is halted
  return { env: { ...env, run_hardware_timers: (...given) => Math.max(timers(...given), rest()) } };
}

/** Returns v86's options; the devices are those of the saved state, which would not fit others. */
function options({ told, parts, state, tabs, screen, rest }) {
  const cold = !state;
  return {
    wasm_fn: async (imports) => (await WebAssembly.instantiate(parts.wasm, resting(imports, rest))).exports,
    memory_size: told.memory,
    vga_memory_size: told.vga_memory,
    bios: { buffer: parts.bios },
    vga_bios: { buffer: parts.vgabios },
    bzimage: cold ? { buffer: parts.kernel } : undefined,
    initrd: cold ? { buffer: parts.initrd } : undefined,
    cmdline: told.cmdline,
    initial_state: cold ? undefined : { buffer: state },
    // The state has the root's index in it.
    filesystem: { basefs: cold ? URL.createObjectURL(new Blob([parts.index])) : undefined },
    net_device: { type: "virtio", relay_url: tabs ? "inbrowser" : undefined },
    uart1: true,
    virtio_console: true,
    disable_speaker: true,
    screen_container: screen,
    autostart: false,
  };
}

/** Calls `told(bytes)` with what a line says, several bytes at once. */
function gathered(emulator, event, told) {
  let bytes = [];
  const flush = () => {
    const now = Uint8Array.from(bytes);
    bytes = [];
    told(now);
  };
  emulator.add_listener(event, (said) => {
    if (!bytes.length) soon(flush);
    if (typeof said === "number") bytes.push(said);
    else bytes.push(...said);
  });
}

export class Machine {
  #emulator;
  #queues = [[], []];
  #feeding = false;
  #rest = 0;
  on = true;
  #drawn = false;

  /**
   * Restores or boots the machine. `hears` is {terminal, agent, console}: functions of bytes.
   * `stuck` is of Pieces. Fails if v86 cannot begin.
   */
  static async start({ told, parts, state, tabs, screen, hears, stuck }) {
    const rest = () => machine.#rest; // asked of a machine that runs
    const emulator = new V86(options({ told, parts, state, tabs, screen, rest }));
    const machine = new Machine(emulator);
    await new Promise((ready, failed) => {
      emulator.add_listener("emulator-loaded", ready);
      // v86 never says that it failed: what it throws is nobody's.
      addEventListener("unhandledrejection", ({ reason }) =>
        failed(new Trouble(`The emulator cannot begin: ${reason?.message ?? reason}`)), { once: true });
    });
    emulator.fs9p.storage = new Pieces({
      base: told.root.base,
      unpack: (size, bytes) => emulator.zstd_decompress(size, bytes),
      stuck,
    });
    gathered(emulator, "serial0-output-byte", hears.terminal);
    gathered(emulator, "serial1-output-byte", hears.agent);
    gathered(emulator, "virtio-console0-output-bytes", hears.console);
    emulator.keyboard_set_enabled(false);
    emulator.mouse_set_enabled(false);
    emulator.run();
    return machine;
  }

  constructor(emulator) {
    this.#emulator = emulator;
    // Text has no colours of its own: a depth of 0 bits.
    this.onScreen("screen-set-size", ([, , bits]) => (this.#drawn = Boolean(bits)));
  }

  /** Whether the screen shows pictures, and not text. */
  get drawn() {
    return this.#drawn;
  }

  /** Sends bytes on a line (0: the terminal, 1: the agent), no faster than they are read. */
  send(line, bytes) {
    for (const byte of bytes) this.#queues[line].push(byte);
    if (!this.#feeding) this.#feed();
  }

  #feed() {
    let full = false;
    this.#queues.forEach((queue, line) => {
      const waiting = this.#emulator.v86.cpu.devices[`uart${line}`]?.input?.length ?? 0;
      if (waiting < WAITING) this.#emulator.serial_send_bytes(line, queue.splice(0, AT_ONCE));
      else full = true;
    });
    this.#feeding = this.on && this.#queues.some((queue) => queue.length);
    if (!this.#feeding) return;
    if (full) setTimeout(() => this.#feed(), BETWEEN);
    else soon(() => this.#feed());
  }

  put(path, bytes) {
    return this.#emulator.create_file(path, bytes);
  }

  take(path) {
    return this.#emulator.read_file(path);
  }

  /** Returns all of the machine as an ArrayBuffer that `start` takes as its state. */
  save() {
    return this.#emulator.save_state();
  }

  typing(enabled) {
    this.#emulator.keyboard_set_enabled(enabled);
    this.#emulator.mouse_set_enabled(enabled);
  }

  /** Returns the screen as the data URL of a PNG. */
  picture() {
    return this.#emulator.screen_make_screenshot().src;
  }

  onScreen(event, heard) {
    this.#emulator.add_listener(event, heard);
  }

  /** Lets it rest between its kernel's ticks: not before its kernel counts time by its clock. */
  calm() {
    this.#rest = REST;
  }

  async end() {
    if (!this.on) return;
    this.on = false;
    await this.#emulator.stop();
  }
}

/** Says why this browser cannot run the machine; empty if it can. */
export function cannot() {
  if (typeof WebAssembly !== "object") {
    return "This browser does not run WebAssembly. Some switch it off in a mode for high security.";
  }
  return "";
}

