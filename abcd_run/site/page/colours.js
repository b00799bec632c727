// The terminal's colours, readable on dark and on light.

const DARK = {
  background: "#0d1117", foreground: "#eef2f8", cursor: "#8ab8ff", cursorAccent: "#0d1117",
  selectionBackground: "#34507d", black: "#2c3644", red: "#ff8f7f", green: "#7fdca2",
  yellow: "#ffcf70", blue: "#8ab8ff", magenta: "#e0a3ff", cyan: "#7adfe6", white: "#d3d9e2",
  brightBlack: "#8593a7", brightRed: "#ffb3a6", brightGreen: "#a8ecc1", brightYellow: "#ffe0a3",
  brightBlue: "#b3d1ff", brightMagenta: "#edc7ff", brightCyan: "#a9edf2", brightWhite: "#ffffff",
};
const LIGHT = {
  background: "#ffffff", foreground: "#16202e", cursor: "#1c57b8", cursorAccent: "#ffffff",
  selectionBackground: "#b9d2f7", black: "#16202e", red: "#a5281a", green: "#17703c",
  yellow: "#7d4e00", blue: "#1c57b8", magenta: "#7b2a9d", cyan: "#006a75", white: "#536073",
  brightBlack: "#536073", brightRed: "#b33a2b", brightGreen: "#1d7d46", brightYellow: "#8a5a06",
  brightBlue: "#2c66c4", brightMagenta: "#8b3cab", brightCyan: "#0b7580", brightWhite: "#3c495b",
};
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

export const dark = matchMedia("(prefers-color-scheme: dark)");

export function theme() {
  return dark.matches ? DARK : LIGHT;
}

/** Returns colour 0 to 255 of a terminal's palette. */
export function palette(number) {
  if (number < 16) {
    const name = NAMES[number % 8];
    return theme()[number < 8 ? name : `bright${name[0].toUpperCase()}${name.slice(1)}`];
  }
  if (number >= 232) {
    const grey = 8 + 10 * (number - 232);
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const step = (part) => (part ? 55 + 40 * part : 0);
  const cube = number - 16;
  return `rgb(${step(Math.floor(cube / 36))} ${step(Math.floor(cube / 6) % 6)} ${step(cube % 6)})`;
}
