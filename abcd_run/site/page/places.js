// Addresses, all of them below the page's own.

// Without the user and password that the page's address may have: fetch refuses those.
const HERE = new URL(location.origin + location.pathname);

/** Returns the absolute address of a file of this site; refuses one that leaves it. */
export function place(path) {
  const address = new URL(path, HERE);
  const below = HERE.pathname.slice(0, HERE.pathname.lastIndexOf("/") + 1);
  if (address.origin !== HERE.origin || !address.pathname.startsWith(below)) {
    throw new Error(`${path} is not a part of this site.`);
  }
  return address.href;
}

/** Tells what belongs to this site from what another on the same server has stored. */
export const SITE = HERE.pathname.replace(/index\.html$/, "");

export function asked(name) {
  return new URLSearchParams(location.search).get(name);
}

/** Loads the page again, on the same network, with these words in its address. */
export function again(words = {}) {
  const address = new URL(HERE);
  if (asked("network")) address.searchParams.set("network", asked("network"));
  for (const [name, value] of Object.entries(words)) address.searchParams.set(name, value);
  if (address.href === location.href) location.reload();
  else location.assign(address.href);
}
