// The machine's screen, as large as the window allows.

import { at, clicked, shown } from "./elements.js";

/** Connects the button that changes between terminal and screen. `shell` is the Shell. */
export class Views {
  #shell;
  #machine;
  #chosen = false;

  constructor(shell) {
    this.#shell = shell;
    clicked("view", () => {
      this.#chosen = true;
      this.show(this.screen ? "terminal" : "screen");
    });
    clicked("full", () => this.#full());
    at("screen").addEventListener("focus", () => this.#typing(true));
    at("screen").addEventListener("blur", () => this.#typing(false));
    at("screen").addEventListener("keydown", (event) => this.#leave(event), { capture: true });
    new ResizeObserver(() => this.#scale()).observe(at("screen"));
    shown("full", Boolean(document.fullscreenEnabled));
    document.addEventListener("fullscreenchange", () => {
      at("full").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
    });
  }

  get screen() {
    return !at("screen").hidden;
  }

  attach(machine) {
    this.#machine = machine;
    machine.onScreen("screen-set-size", () => setTimeout(() => this.#resized()));
    this.#resized();
  }

  /** A desktop is what a person wants to see first. */
  #resized() {
    if (this.#machine.drawn && !this.#chosen && !this.screen) this.show("screen");
    else this.#scale();
  }

  show(which) {
    const screen = which === "screen";
    shown("screen", screen);
    shown("terminal", !screen);
    at("view").textContent = screen ? "Terminal" : "Screen";
    for (const id of ["paste", "copy", "smaller", "larger"]) shown(id, !screen);
    if (screen) this.#scale();
    else this.#shell.fit();
    this.focus();
  }

  focus() {
    if (this.screen) at("screen").focus();
    else this.#shell.terminal.focus();
  }

  /** Keys on buttons are the page's, not the machine's. */
  #typing(yes) {
    this.#machine?.typing(yes);
  }

  #leave(event) {
    if (event.key !== "F6" || !event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    at("view").focus();
  }

  #scale() {
    const view = at("vga");
    if (!this.screen) return;
    view.style.transform = "";
    const [room, own] = [at("screen").getBoundingClientRect(), view.getBoundingClientRect()];
    if (!own.width || !own.height) return;
    const factor = Math.min(room.width / own.width, room.height / own.height);
    view.style.transform = `scale(${factor})`;
  }

  async #full() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await document.documentElement.requestFullscreen();
    this.focus();
  }
}
