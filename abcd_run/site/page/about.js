// The box that says what this is, whose, and under which licences.

import { at } from "./elements.js";
import { place } from "./places.js";

const LAUNCHED =
  "It runs in this tab. Whoever launched it with abcd-run can look into it from there, and run commands in it.";

function line(term, words) {
  const name = document.createElement("dt");
  const value = document.createElement("dd");
  name.textContent = term;
  value.textContent = words;
  at("about-list").append(name, value);
}

/** Fills the box: `told` is machine.json, `seed` who the machine is. */
export function about(told, seed) {
  if (told.channel) at("about-where").textContent = LAUNCHED;
  line("Image", told.image);
  line("Release", told.release ?? "");
  line("Host name", seed.ABCD_HOSTNAME ?? "");
  line("User", seed.ABCD_USER ?? "");
  line("Password", seed.ABCD_PASSWORD ?? "");
  line("Keyboard", seed.ABCD_KEYBOARD ?? "");
  line("Memory", `${Math.round(told.memory / 2 ** 20)} MiB`);
  for (const path of told.notices ?? []) {
    const link = document.createElement("a");
    const item = document.createElement("li");
    link.href = place(path);
    link.textContent = path.split("/").pop().replace(/\.txt$/, "");
    link.target = "_blank";
    item.append(link);
    at("about-notices").append(item);
  }
}

/** Adds the address on the network of tabs. */
export function aboutNetwork(address) {
  line("Address", `${address}, for the tabs of this browser`);
}
