// The files of the machine's root, fetched when they are first read: what v86 calls a storage.

import { part, sha256 } from "./loading.js";
import { Trouble, troubled } from "./trouble.js";

const KEPT_BYTES = 64 * 2 ** 20;
const DAMAGED = "The machine waits for it. If it happens again, the server's copy is damaged: tell whoever runs this site.";

export class Pieces {
  #base;
  #unpack;
  #stuck;
  #kept = new Map();
  #coming = new Map();
  #bytes = 0;

  /**
   * `unpack(size, bytes)` undoes zstd. `stuck(trouble)` shows that a piece is missing, and resolves
   * when it shall be tried again: a file must never look shorter than it is.
   */
  constructor({ base, unpack, stuck }) {
    this.#base = base.endsWith("/") ? base : `${base}/`;
    this.#unpack = unpack;
    this.#stuck = stuck;
  }

  async read(name, offset, count, size) {
    if (!size) return new Uint8Array(0);
    const whole = this.#kept.get(name) ?? (await this.#once(name, size));
    return whole.subarray(offset, offset + count);
  }

  async cache(name, bytes) {
    this.#keep(name, bytes);
  }

  // Closed files are read again soon: what is kept is bounded by its size alone.
  uncache() {}

  #once(name, size) {
    if (!this.#coming.has(name)) {
      const coming = this.#untilThere(name, size).finally(() => this.#coming.delete(name));
      this.#coming.set(name, coming);
    }
    return this.#coming.get(name);
  }

  async #untilThere(name, size) {
    for (let options = {}; ; options = { cache: "reload" }) {
      try {
        const bytes = await this.#fetch(name, size, options);
        this.#keep(name, bytes);
        return bytes;
      } catch (error) {
        // The browser's own copy may be the damaged one.
        if (options.cache) await this.#stuck(troubled(error));
      }
    }
  }

  async #fetch(name, size, options) {
    const path = this.#base + name;
    const stored = await part({ path }, () => {}, options);
    const digest = name.match(/^[0-9a-f]*/)[0];
    const whole = await sha256(stored);
    // The name is of what is stored; or else of what is in it.
    const known = whole.startsWith(digest);
    const bytes = name.endsWith(".zst") ? this.#unpacked(path, size, stored) : stored;
    if (bytes.length !== size || !(known || (await sha256(bytes)).startsWith(digest))) {
      throw new Trouble(`${path} is damaged.`, DAMAGED);
    }
    return bytes;
  }

  #unpacked(path, size, stored) {
    try {
      return new Uint8Array(this.#unpack(size, stored));
    } catch {
      throw new Trouble(`${path} is damaged.`, DAMAGED);
    }
  }

  #keep(name, bytes) {
    this.#bytes += bytes.length - (this.#kept.get(name)?.length ?? 0);
    this.#kept.delete(name);
    this.#kept.set(name, bytes);
    for (const [oldest, old] of this.#kept) {
      if (this.#bytes <= KEPT_BYTES || oldest === name) break;
      this.#kept.delete(oldest);
      this.#bytes -= old.length;
    }
  }
}
