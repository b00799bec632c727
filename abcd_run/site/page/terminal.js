// The person's shell in xterm.js.

import { FitAddon } from "../xterm/addon-fit.mjs";
import { Terminal } from "../xterm/xterm.mjs";

import { dark, theme } from "./colours.js";
import { at } from "./elements.js";
import { remember, remembered } from "./remembered.js";

const SMALLEST = 8;
const LARGEST = 40;
const TAIL = 65536;
/** Bytes of what the terminal has shown that are saved with the machine. */

const text = new TextEncoder();

export class Shell {
  #fit = new FitAddon();
  #tail = [];
  #quiet = false;

  /** `typed(bytes)` and `sized(columns, rows)` are called with what the person does. */
  constructor({ typed, sized }) {
    this.terminal = new Terminal({
      fontFamily: "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
      fontSize: remembered("size", 16),
      screenReaderMode: remembered("reader", false),
      scrollback: 5000,
      theme: theme(),
      allowProposedApi: false,
    });
    this.terminal.loadAddon(this.#fit);
    this.terminal.open(at("terminal"));
    this.terminal.textarea.setAttribute("aria-describedby", "leave");
    this.terminal.onData((words) => this.#quiet || typed(text.encode(words)));
    this.terminal.onBinary((words) => typed(Uint8Array.from(words, (one) => one.charCodeAt(0))));
    this.terminal.onResize(({ cols, rows }) => sized(cols, rows));
    this.terminal.onSelectionChange(() => (at("copy").disabled = !this.terminal.hasSelection()));
    this.terminal.attachCustomKeyEventHandler((event) => this.#key(event));
    dark.addEventListener("change", () => (this.terminal.options.theme = theme()));
    new ResizeObserver(() => this.fit()).observe(at("terminal"));
    this.fit();
  }

  get size() {
    return [this.terminal.cols, this.terminal.rows];
  }

  /** A person without a mouse must get out again, and Tab is the shell's. */
  #key(event) {
    if (event.key === "F6" && event.shiftKey) {
      if (event.type === "keydown") at("toolbar").querySelector("button:not([disabled])").focus();
      event.preventDefault();
      return false;
    }
    if (event.key === "C" && event.ctrlKey && event.shiftKey && this.terminal.hasSelection()) {
      if (event.type === "keydown") this.copy();
      event.preventDefault();
      return false;
    }
    return true;
  }

  fit() {
    if (!at("terminal").hidden) this.#fit.fit();
  }

  hear(bytes) {
    this.#tail.push(bytes);
    this.terminal.write(bytes);
  }

  /** Returns the last bytes that were shown. */
  async tail() {
    const bytes = new Uint8Array(await new Blob(this.#tail).arrayBuffer()).slice(-TAIL);
    this.#tail = [bytes];
    return bytes;
  }

  /** Shows these bytes again; what they ask of a terminal is not answered once more. */
  replay(bytes) {
    this.#quiet = true;
    this.#tail = [bytes];
    this.terminal.write(bytes, () => (this.#quiet = false));
  }

  paste(words) {
    this.terminal.paste(words);
    this.terminal.focus();
  }

  async copy() {
    await navigator.clipboard?.writeText(this.terminal.getSelection());
  }

  larger(step) {
    const wanted = this.terminal.options.fontSize + step;
    this.terminal.options.fontSize = Math.min(Math.max(wanted, SMALLEST), LARGEST);
    remember("size", this.terminal.options.fontSize);
    this.fit();
  }

  read(aloud) {
    this.terminal.options.screenReaderMode = aloud;
    remember("reader", aloud);
  }
}
