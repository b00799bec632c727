// What the launcher that serves this page asks of the tab, and what the tab tells it.

import { fromBase64, hex, joined, random, toBase64 } from "./bytes.js";
import { place } from "./places.js";
import { hand, taken } from "./remembered.js";
import { now, onChange } from "./status.js";

const PAUSE_MS = 2000;
const MOST_TOLD = 512 * 1024;
/** Bytes of the console in one request; the server takes 1 MiB, base64 is a third more. */

const MOST_KEPT = 2 ** 20;
const pause = (ms) => new Promise((over) => setTimeout(over, ms));

export class Channel {
  #token;
  #tab;
  #console = [];
  #held = false;
  #telling = Promise.resolve();
  #lost;
  #does;

  /** `lost(why)` is called once, with "taken" or "gone". */
  constructor({ token, lost }) {
    this.#token = token;
    this.#lost = lost;
    // One tab keeps its name over a reload; a copy of the tab is another.
    this.#tab = taken("tab") || hex(random(8));
    addEventListener("pagehide", () => hand("tab", this.#tab));
  }

  /** Asks for the machine; returns whether this tab may have it. */
  async hello({ take = false } = {}) {
    const answer = await this.#post("hello", take ? { tab: this.#tab, take } : { tab: this.#tab });
    this.#held = answer.ok;
    if (!answer.ok && answer.status !== 409) throw new Error(`the launcher says ${answer.status}`);
    return answer.ok;
  }

  /** Keeps what the console says until it is told. */
  hear(bytes) {
    this.#console.push(bytes);
    let kept = this.#console.reduce((sum, one) => sum + one.length, 0);
    while (kept > MOST_KEPT) kept -= this.#console.shift().length;
  }

  /** Tells and works from now on; `does` is {run, screenshot, end}. */
  begin(does) {
    this.#does = does;
    onChange(() => this.#tell());
    this.#tell();
    new Worker(place("page/signs.js")).onmessage = () => this.#tell();
    this.#work();
  }

  #tell() {
    this.#telling = this.#telling.then(() => this.#tellOnce()).catch(() => {});
  }

  async #tellOnce() {
    if (!this.#held) return;
    const said = joined(this.#console.splice(0));
    const sent = said.subarray(0, MOST_TOLD);
    if (sent.length < said.length) this.#console.unshift(said.subarray(MOST_TOLD));
    try {
      const answer = await this.#post(`told?tab=${this.#tab}`, { ...now(), console: toBase64(sent) });
      this.#heed(answer);
    } catch {
      this.#console.unshift(sent); // the next sign of life tells it again
    }
  }

  /** Notices that the machine is another tab's, or that the instance has gone. */
  #heed({ status }) {
    if (!this.#held || (status !== 409 && status !== 410)) return;
    this.#held = false;
    this.#lost(status === 409 ? "taken" : "gone");
  }

  async #work() {
    while (this.#held) {
      try {
        const answer = await this.#get(`work?tab=${this.#tab}`);
        this.#heed(answer);
        if (answer.status === 200) this.#heedWork(await answer.json());
        else if (answer.status !== 204) await pause(PAUSE_MS);
      } catch {
        await pause(PAUSE_MS);
      }
    }
  }

  /** Several things may be under way: none waits for another. */
  async #heedWork(work) {
    if (work.kind === "end") {
      this.#held = false;
      this.#lost("gone");
      return;
    }
    let answer;
    try {
      answer = await this.#answer(work);
    } catch (error) {
      answer = { error: String(error?.message ?? error).slice(0, 500) };
    }
    const id = encodeURIComponent(work.id);
    await this.#post(`answer?tab=${this.#tab}&id=${id}`, answer).catch(() => {});
  }

  async #answer({ kind, script, input }) {
    if (kind === "screenshot") return { png: (await this.#does.screenshot()).split(",")[1] };
    if (kind !== "run") return { error: `this page does not know ${kind}` };
    const { status, out, err } = await this.#does.run(script, fromBase64(input ?? ""));
    return { status, out: toBase64(out), err: toBase64(err) };
  }

  #get(path) {
    return fetch(place(`channel/${path}`), { headers: this.#headers(), cache: "no-store" });
  }

  #post(path, body) {
    const headers = { ...this.#headers(), "Content-Type": "application/json" };
    return fetch(place(`channel/${path}`), { method: "POST", headers, body: JSON.stringify(body) });
  }

  #headers() {
    return { "X-Abcd-Tab": this.#token };
  }
}
