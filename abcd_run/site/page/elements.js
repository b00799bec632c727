// The page's elements by their ids.

export const at = (id) => document.getElementById(id);

export function shown(id, yes) {
  at(id).hidden = !yes;
}

export function clicked(id, does) {
  at(id).addEventListener("click", does);
}

/** Asks in a dialog; returns whether the person agreed. */
export function agreed(words, yes) {
  const dialog = at("ask");
  at("ask-words").textContent = words;
  at("ask-yes").textContent = yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((told) => {
    dialog.addEventListener("close", () => told(dialog.returnValue === "yes"), { once: true });
  });
}

/** Makes each button with `data-closes` close its dialog with its value. */
export function closing() {
  for (const button of document.querySelectorAll("dialog [data-closes]")) {
    button.addEventListener("click", () => button.closest("dialog").close(button.dataset.closes));
  }
}
