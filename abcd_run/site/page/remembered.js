// Small wishes that outlast the tab, where the browser stores them.

export function remembered(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`abcd-tab-${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`abcd-tab-${name}`, JSON.stringify(value));
  } catch {
    // A private window: the wish lasts as long as the page.
  }
}

/** Hands a word to this tab's next page; `taken` returns it once. A copy of the tab has none. */
export function hand(name, word) {
  try {
    sessionStorage.setItem(`abcd-tab-${name}`, word);
  } catch {
    // The next page does without.
  }
}

export function taken(name) {
  try {
    const word = sessionStorage.getItem(`abcd-tab-${name}`);
    sessionStorage.removeItem(`abcd-tab-${name}`);
    return word ?? "";
  } catch {
    return "";
  }
}
