// The lines to and from the agent inside, and the jobs that it runs.

import { joined, random, toBase64 } from "./bytes.js";

const FOLDER = "/var/lib/abcd-tab";
const LONGEST = 200;
const HERE = /^(waiting|seeded|ready)$/;
const DONE = /^done ([0-9]{1,9}) ([0-9]{1,3})$/;
const END = /^end (poweroff|halt|reboot)$/;

const text = new TextEncoder();
let last = 0;

/** Returns the number of a job: a new one for the life of a machine, saved and restored or not. */
function unused() {
  last = Math.max(last + 1, Math.floor(Date.now() / 100) % 1e9);
  return String(last % 1e9);
}

export class Agent {
  #machine;
  #heard;
  #line = "";
  #jobs = new Map();
  #sizes = "";

  /** `heard(stage)` is called with waiting, seeded, ready or ended. */
  constructor(heard) {
    this.#heard = heard;
  }

  attach(machine) {
    this.#machine = machine;
  }

  /** Takes bytes from the line. Whoever is inside may send anything. */
  hear(bytes) {
    for (const byte of bytes) {
      if (byte === 10) {
        if (this.#line.length <= LONGEST) this.#heed(this.#line.trim());
        this.#line = "";
      } else if (this.#line.length <= LONGEST) {
        this.#line += String.fromCharCode(byte);
      }
    }
  }

  #heed(line) {
    if (HERE.test(line)) this.#heard(line);
    const [, id, status] = line.match(DONE) ?? [];
    if (id) this.#jobs.get(id)?.(Number(status));
    if (END.test(line)) this.#heard("ended");
  }

  tell(line) {
    this.#machine.send(1, text.encode(`${line}\n`));
  }

  /** Tells a machine that slept what the time is, and makes it differ from its copies. */
  async wake() {
    await this.#machine.put(`${FOLDER}/random`, random(64));
    this.tell("fresh");
    this.#time();
  }

  /** Wakes a machine that is nobody's yet, and tells it whose it is: the shell comes first. */
  async seed(file) {
    const differs = text.encode(`ABCD_RANDOM='${toBase64(random(64))}'\n`);
    await this.#machine.put(`${FOLDER}/seed`, joined([differs, file]));
    this.tell("seed");
    this.#time();
  }

  #time() {
    this.tell(`time ${Math.floor(Date.now() / 1000)}`);
  }

  size(columns, rows) {
    const line = `size ${columns} ${rows}`;
    if (!this.#machine || line === this.#sizes) return;
    this.#sizes = line;
    this.tell(line);
  }

  /** Runs a script as root; returns {status, out, err}, the latter two as bytes. */
  async run(script, input = new Uint8Array(0)) {
    const id = unused();
    const done = new Promise((told) => this.#jobs.set(id, told));
    await this.#machine.put(`${FOLDER}/${id}.in`, input);
    await this.#machine.put(`${FOLDER}/${id}.job`, text.encode(script));
    this.tell(`run ${id}`);
    const status = await done;
    this.#jobs.delete(id);
    const [out, err] = await Promise.all([this.#file(`${id}.out`), this.#file(`${id}.err`)]);
    this.tell(`forget ${id}`);
    return { status, out, err };
  }

  async #file(name) {
    try {
      return await this.#machine.take(`${FOLDER}/${name}`);
    } catch {
      return new Uint8Array(0);
    }
  }
}
