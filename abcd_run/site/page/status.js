// How far the machine is: the line in the header, and the cover over the machine.

import { size } from "./bytes.js";
import { at, shown } from "./elements.js";

const WORDS = {
  loading: "Loading",
  elsewhere: "In another tab",
  booting: "Starting",
  running: "Started",
  seeded: "Running",
  ready: "Ready",
  ended: "Off",
  failed: "Failed",
};

let stage = "loading";
let why = "";
const listeners = [];

export function now() {
  return { stage, why };
}

/** Calls `heard(stage, why)` at each change. */
export function onChange(heard) {
  listeners.push(heard);
}

/** Says how far the machine is. Nothing follows an end. */
export function become(next, words = "") {
  if (stage === "ended" || stage === "failed" || (stage === "ready" && next === "seeded")) return;
  stage = next;
  why = words;
  document.documentElement.dataset.stage = next; // for style sheets, and whoever measures
  performance.mark(`abcd-${next}`);
  at("state").textContent = WORDS[next];
  for (const heard of listeners) heard(next, words);
}

/** Covers the machine with a heading, words and buttons: `[{label, does}]`. */
export function cover(heading, words, buttons = []) {
  at("cover-heading").textContent = heading;
  at("cover-words").textContent = words;
  shown("parts", false);
  at("cover-buttons").replaceChildren(...buttons.map(button));
  shown("cover", true);
  at("cover-buttons").querySelector("button")?.focus();
}

export function uncover() {
  shown("cover", false);
}

function button({ label, does }) {
  const one = document.createElement("button");
  one.type = "button";
  one.textContent = label;
  one.addEventListener("click", does);
  return one;
}

/** Shows a note above the machine with buttons; `urgent` ones are read out at once. */
export function note(words, buttons = [], { urgent = false } = {}) {
  const line = document.createElement("div");
  line.className = "note";
  line.setAttribute("role", urgent ? "alert" : "status");
  const said = document.createElement("p");
  said.textContent = words;
  const away = (does) => () => {
    line.remove();
    does?.();
  };
  const wanted = buttons.map(({ label, does }) => button({ label, does: away(does) }));
  line.append(said, ...wanted);
  at("notes").append(line);
  return away();
}

const PARTS = {
  wasm: "Emulator", bios: "Firmware", vgabios: "Screen firmware", kernel: "Kernel",
  initrd: "Start-up files", index: "List of files", state: "Saved machine",
};
const rows = new Map();

/** Shows how much of a part is here, in bytes; the size may not be known. */
export function progress(name, here, whole) {
  if (stage !== "loading") return; // parts still come in when one has failed, or another tab has it
  if (!rows.has(name)) rows.set(name, row(name));
  const { bar, words } = rows.get(name);
  if (whole) bar.value = here / whole;
  const percent = whole ? ` · ${Math.floor((100 * here) / whole)} %` : "";
  words.textContent = size(here) + (whole ? ` of ${size(whole)}` : "") + percent;
  rows.get(name).here = here;
  rows.get(name).whole = Math.max(whole ?? 0, here);
  total();
}

function row(name) {
  const line = document.createElement("li");
  const label = document.createElement("label");
  const bar = document.createElement("progress");
  const words = document.createElement("span");
  bar.id = `part-${name}`;
  bar.max = 1;
  label.htmlFor = bar.id;
  label.textContent = PARTS[name] ?? name;
  line.append(label, bar, words);
  at("parts").append(line);
  shown("parts", true);
  return { bar, words, here: 0, whole: 0 };
}

let told = -1;

/** The sum is read out in four steps only. */
function total() {
  const sum = (key) => [...rows.values()].reduce((all, one) => all + one[key], 0);
  const percent = Math.floor((100 * sum("here")) / sum("whole"));
  at("cover-words").textContent = `${size(sum("here"))} of ${size(sum("whole"))} are here.`;
  if (Math.floor(percent / 25) === told) return;
  told = Math.floor(percent / 25);
  at("state").textContent = `${WORDS.loading}, ${percent} %`;
}
