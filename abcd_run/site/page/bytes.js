// Bytes as words, as base64, and as random names.

const UNITS = ["bytes", "kB", "MB", "GB"];

/** Says a number of bytes for a person: 14.9 MB. */
export function size(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 100 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function random(count) {
  return crypto.getRandomValues(new Uint8Array(count));
}

const SLICE = 0x8000; // an engine bounds the arguments of one call

export function toBase64(bytes) {
  let binary = "";
  for (let at = 0; at < bytes.length; at += SLICE) {
    binary += String.fromCharCode(...bytes.subarray(at, at + SLICE));
  }
  return btoa(binary);
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Returns 24 characters that are safe in a URL and in a shell's quotes. */
export function password() {
  return toBase64(random(18)).replaceAll("+", "-").replaceAll("/", "_");
}

export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
