// Shows the screen of the instance that this page's address names, with this host's noVNC.

import RFB from "./novnc/core/rfb.js";

const at = (id) => document.getElementById(id);
const name = decodeURIComponent(location.pathname.split("/").pop());

const address = new URL(`../socket/${encodeURIComponent(name)}${location.search}`, location);
address.protocol = "ws:";

function say(words, { over = false } = {}) {
  at("says").textContent = words;
  at("panel").hidden = !words;
  at("again").hidden = !over;
  if (over) at("again").focus();
}

function connect() {
  say("Connecting …");
  let shown = false;
  const screen = new RFB(at("screen"), address.href, { shared: true });
  // The machine follows the window where it can; where it cannot, its picture is scaled.
  screen.resizeSession = true;
  screen.scaleViewport = true;
  screen.addEventListener("connect", () => {
    shown = true;
    say("");
    screen.focus();
  });
  screen.addEventListener("disconnect", () => {
    at("screen").replaceChildren();
    say(shown ? `The screen of ${name} has ended.` : `The screen of ${name} cannot be shown.`, {
      over: true,
    });
  });
}

document.title = name;
at("again").addEventListener("click", connect);
connect();
