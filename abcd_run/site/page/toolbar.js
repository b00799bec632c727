// The buttons above the machine, and the row of keys that a phone has not.

import { agreed, at, clicked, closing, shown } from "./elements.js";
import { again } from "./places.js";
import { remembered } from "./remembered.js";

const KEYS = {
  Esc: "\x1b", Tab: "\t", "Ctrl-C": "\x03", "Ctrl-D": "\x04",
  "↑": "\x1b[A", "↓": "\x1b[B", "←": "\x1b[D", "→": "\x1b[C",
};

/** Connects what only concerns the page and the terminal. `tabs`: whether the network is on. */
export function toolbar({ shell, views, tabs, typed }) {
  closing();
  clicked("smaller", () => shell.larger(-1));
  clicked("larger", () => shell.larger(1));
  clicked("copy", async () => {
    await shell.copy();
    shell.terminal.focus();
  });
  clicked("paste", () => paste(shell));
  for (const id of ["files", "keep", "about"]) {
    clicked(`open-${id}`, () => at(id).showModal());
    at(id).addEventListener("close", () => views.focus());
  }
  keys(typed);
  reader(shell);
  network(tabs);
  clicked("reset", async () => {
    const words = "Start this machine afresh? What is in it is lost, unless it is saved.";
    if (await agreed(words, "Start afresh")) again();
  });
}

/** Pastes what the browser hands out; where it does not, the person pastes it into a field. */
async function paste(shell) {
  try {
    shell.paste(await navigator.clipboard.readText());
  } catch {
    const dialog = at("paste-here");
    at("paste-text").value = "";
    dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "yes") shell.paste(at("paste-text").value);
    }, { once: true });
  }
}

function keys(typed) {
  for (const [label, sent] of Object.entries(KEYS)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    // Without this the keyboard of a phone would go away.
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", () => typed(new TextEncoder().encode(sent)));
    at("keys").append(button);
  }
}

function reader(shell) {
  at("reader").checked = remembered("reader", false);
  at("reader").addEventListener("change", ({ target }) => shell.read(target.checked));
}

function network(tabs) {
  at("network").checked = tabs;
  shown("network-line", typeof BroadcastChannel === "function");
  at("network").addEventListener("change", async ({ target }) => {
    const wanted = target.checked ? "tabs" : "off";
    if (await agreed("This starts the machine afresh. What is in it is lost, unless it is saved.", "Go on")) {
      again({ network: wanted });
    } else {
      target.checked = tabs;
    }
  });
}
