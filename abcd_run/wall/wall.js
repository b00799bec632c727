"use strict";
// Asks for the instances and, one by one, their pictures; asks nothing while the page is hidden.

const LIST_SECONDS = 2.5;
const PICTURES_SECONDS = 3;
const PATIENCE_SECONDS = 15;

const at = (id) => document.getElementById(id);
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
const tiles = new Map();
let first = true;

function looked() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done) => {
    document.addEventListener("visibilitychange", function seen() {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", seen);
      done();
    });
  });
}

async function ask(address, options = {}) {
  const signal = AbortSignal.timeout(PATIENCE_SECONDS * 1000);
  const answer = await fetch(address, { signal, ...options });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

const keyOf = (one) => `${one.runtime}/${one.name}`;
const addressOf = (folder, one, end = "") =>
  `${folder}/${encodeURIComponent(one.name)}${end}?on=${encodeURIComponent(one.runtime)}`;

function element(kind, text, className = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  made.className = className;
  return made;
}

function change(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A tile

class Tile {
  constructor(one) {
    this.node = at("tile").content.firstElementChild.cloneNode(true);
    this.part = (selector) => this.node.querySelector(selector);
    this.way = null;
    this.update(one);
  }

  update(one) {
    this.one = one;
    this.name();
    this.others();
    change(this.part(".what"), `${one.image} · ${one.runtime}`);
    change(this.part(".stage"), one.stage);
    this.part(".stage").classList.toggle("ready", one.stage === "ready");
    if (!one.picture) this.part("img")?.remove();
    this.blank(one.picture ? "Loading the picture" : "No picture");
  }

  // The best way first: its own page, its screen in a tab, its viewer.
  ways() {
    const page = ["http", "https"].includes(this.one.opens?.protocol);
    const ways = page ? ["open"] : [];
    if (this.one.tab) ways.push("tab");
    if (this.one.opens && !page && (this.one.viewer || !this.one.tab)) ways.push("viewer");
    return ways;
  }

  name() {
    const [way = "none"] = this.ways();
    if (way === this.way) return;
    this.way = way;
    const made = this.control(way, this.one.name);
    const does = { open: ", opens in a new tab", tab: ", opens in a new tab", viewer: ", opens its viewer" };
    if (does[way]) made.append(element("span", does[way], "aside"));
    this.part("h2").replaceChildren(made);
  }

  others() {
    const [, ...others] = this.ways();
    const node = this.part(".ways");
    if (node.dataset.ways === others.join()) return;
    node.dataset.ways = others.join();
    node.hidden = others.length === 0;
    const words = { tab: "Screen in a tab", viewer: "Viewer" };
    node.replaceChildren(...others.map((way) => this.control(way, words[way])));
  }

  control(way, words) {
    const made = element({ none: "span", viewer: "button" }[way] ?? "a", words);
    if (way === "viewer") {
      made.type = "button";
      made.addEventListener("click", () => this.view(made));
    } else if (way !== "none") {
      Object.assign(made, {
        href: addressOf(way, this.one), target: "_blank", rel: "noopener noreferrer",
      });
    }
    return made;
  }

  blank(says) {
    const words = `${this.one.runtime}\n${says}`;
    const blank = this.part(".blank");
    if (blank.dataset.words === words) return;
    blank.dataset.words = words;
    blank.replaceChildren(element("b", this.one.runtime), says);
  }

  async view(button) {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      const answer = await ask(addressOf("open", this.one), { method: "POST" });
      const remedy = answer.remedy && `\n→ ${answer.remedy}`;
      this.say(answer.shown ? "Its viewer has started." : `${capital(answer.why)}: ${answer.url}${remedy}`);
    } catch (error) {
      this.say(capital(error.message));
    }
    button.ariaBusy = "false";
  }

  say(words) {
    this.part(".says").hidden = false;
    change(this.part(".says"), words);
  }

  // Avoid flicker: replace the old picture only once the new one has loaded.
  async picture() {
    const next = new Image();
    next.alt = `screen of ${this.one.name}`;
    next.src = `${addressOf("screen", this.one, ".png")}&at=${Date.now()}`;
    try {
      await Promise.race([next.decode(), pause(PATIENCE_SECONDS).then(() => Promise.reject())]);
    } catch {
      this.part("img")?.remove();
      this.blank("No picture right now");
      next.src = "";
      return;
    }
    const old = this.part("img");
    if (old) old.replaceWith(next);
    else this.part(".screen").append(next);
  }
}

const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);

// The page

function place(instances) {
  const seen = new Set(instances.map(keyOf));
  const news = [];
  for (const [key, tile] of tiles) {
    if (seen.has(key)) continue;
    tile.node.remove();
    tiles.delete(key);
    news.push(`${tile.one.name} is gone`);
  }
  instances.forEach((one, number) => {
    const tile = tiles.get(keyOf(one));
    if (!tile) news.push(`${one.name} has appeared`);
    else if (tile.one.stage !== one.stage) news.push(`${one.name} is ${one.stage}`);
    settle(one, number);
  });
  return news;
}

function settle(one, number) {
  const key = keyOf(one);
  const known = tiles.get(key);
  const tile = known ?? new Tile(one);
  if (known) tile.update(one);
  tiles.set(key, tile);
  const there = at("tiles").children[number] ?? null;
  if (there !== tile.node) at("tiles").insertBefore(tile.node, there);
}

function note(errors) {
  const lines = errors.map((error) => {
    const line = element("li", error.message);
    if (error.remedy) line.append(element("code", `→ ${error.remedy}`));
    return line;
  });
  const words = lines.map((line) => line.textContent).join("\n");
  if (at("notes").dataset.words === words) return;
  at("notes").dataset.words = words;
  at("notes").replaceChildren(...lines);
  at("notes").hidden = lines.length === 0;
}

function show(answer) {
  const news = place(answer.instances);
  const number = answer.instances.length;
  change(at("count"), number === 1 ? "1 instance" : `${number} instances`);
  if (news.length && !first) change(at("news"), news.join(", "));
  at("empty").hidden = number > 0;
  at("waiting").hidden = true;
  at("tiles").classList.remove("stale");
  note(answer.errors);
  first = false;
}

async function list() {
  for (;;) {
    await looked();
    try {
      show(await ask("instances.json"));
    } catch {
      at("tiles").classList.add("stale");
      note([{ message: "the wall does not answer: this is what it last showed", remedy: "abcd-run wall" }]);
    }
    await pause(LIST_SECONDS);
  }
}

async function pictures() {
  for (;;) {
    const rested = pause(tiles.size ? PICTURES_SECONDS : 0.3);
    for (const tile of [...tiles.values()]) {
      await looked();
      if (tile.one.picture && tile.node.isConnected) await tile.picture();
    }
    await rested;
  }
}

list();
pictures();
