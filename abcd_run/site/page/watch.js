// Notices a machine that says nothing any more while it starts: v86 itself never says that it failed.

const TICK_MS = 1000;
const BOUND = 60;
/** Ticks without a byte: a host that sleeps, or a tab that does, has none. */

export class Watch {
  #quiet = 0;
  #timer;

  /** Calls `silent()` once after a minute without `heard`. */
  constructor(silent) {
    this.#timer = setInterval(() => {
      this.#quiet += 1;
      if (this.#quiet < BOUND) return;
      this.end();
      silent();
    }, TICK_MS);
  }

  heard() {
    this.#quiet = 0;
  }

  end() {
    clearInterval(this.#timer);
  }
}
