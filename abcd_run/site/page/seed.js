// Who the machine is and who may log in.

import { password } from "./bytes.js";
import { Trouble } from "./trouble.js";

const KEYBOARDS = {
  de: "de", fr: "fr", en: "us", "en-gb": "gb", "de-ch": "ch", "fr-ch": "ch(fr)", "fr-be": "be",
  "nl-be": "be", "fr-ca": "ca", es: "es", it: "it", pt: "pt", "pt-br": "br", nl: "us", pl: "pl",
  cs: "cz", da: "dk", nb: "no", nn: "no", sv: "se", fi: "fi", hu: "hu", tr: "tr", ru: "ru",
};

/** Returns the layout that a person with this language most likely has. */
export function keyboard(language = navigator.language ?? "") {
  const whole = language.toLowerCase();
  return KEYBOARDS[whole] ?? KEYBOARDS[whole.split("-")[0]] ?? "us";
}

/** Returns the seed that the server gave, or a new one. */
export function seedOf(told) {
  return told.seed ?? {
    ABCD_HOSTNAME: told.image,
    ABCD_USER: "abcd",
    ABCD_PASSWORD: password(),
    ABCD_SSH_KEY: "",
    ABCD_KEYBOARD: keyboard(),
    ABCD_LOCALE: "C.UTF-8",
    ABCD_IMAGE: told.image,
    ABCD_VARIANT: "abcdib",
    ABCD_RUNTIME: "browser",
  };
}

export function quoted(word) {
  return `'${String(word).replaceAll("'", "'\\''")}'`;
}

/** Returns the seed as shell assignments, one per line. */
export function seedFile(seed) {
  const lines = Object.entries(seed).map(([name, value]) => {
    if (!/^ABCD_\w+$/.test(name) || /[\0-\x1f]/.test(value)) {
      throw new Trouble(`The machine's ${name} cannot be told to it.`);
    }
    return `${name}=${quoted(value)}\n`;
  });
  return new TextEncoder().encode(lines.join(""));
}
