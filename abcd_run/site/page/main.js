// From an empty page to a machine that a person works in: what starts it comes first, and the modules
// of everything else while it starts.

import { Agent } from "./agent.js";
import { at } from "./elements.js";
import { cannot, Machine } from "./machine.js";
import { connect, networked } from "./network.js";
import { begun, described } from "./parts.js";
import { again } from "./places.js";
import { Views } from "./screen.js";
import { seedFile, seedOf } from "./seed.js";
import { become, cover, note, now, onChange, uncover } from "./status.js";
import { Shell } from "./terminal.js";
import { Trouble, troubled } from "./trouble.js";
import { Watch } from "./watch.js";

const COLD = { label: "Start without the saved state", does: () => again({ boot: "cold" }) };
const RELOAD = { label: "Reload", does: () => location.reload() };

const FETCHED = ["booting", "elsewhere", "ended", "failed"];

/** The modules that no start needs, once all that it takes is here, or does not come. */
const others = new Promise((told) => onChange((stage) => FETCHED.includes(stage) && told())).then(
  () => Promise.all(
    [import("./about.js"), import("./files.js"), import("./keeping.js"), import("./toolbar.js")]),
);

let machine;

function fail(error) {
  if (now().stage === "ended" || now().stage === "failed") return;
  const { message, remedy } = troubled(error);
  become("failed", message);
  machine?.end();
  cover("This does not work", `${message} ${remedy}`, [RELOAD, COLD]);
}

function ended(heading = "The machine is off", words = "It was switched off from inside.") {
  become("ended");
  machine?.end();
  cover(heading, words, [{ label: "Start again", does: () => again() }]);
}

/** Asks the launcher for the machine, if there is one; returns the channel once it is ours. */
async function channelOf(told) {
  if (!told.channel) return undefined;
  const lost = (why) =>
    why === "taken"
      ? ended("Open in another tab", "Another tab has taken this machine over.")
      : ended("The instance has ended", "It was stopped by whoever launched it.");
  const { Channel } = await import("./channel.js");
  const channel = new Channel({ token: told.channel.token, lost });
  if (!(await channel.hello())) await takenOver(channel);
  return channel;
}

function takenOver(channel) {
  become("elsewhere");
  return new Promise((ours) => {
    const label = "Take over";
    const does = async () => (await channel.hello({ take: true })) && ours();
    cover("Open in another tab already", "Only one tab can have this machine. Taking it over ends it there, and starts it afresh here.", [{ label, does }]);
  });
}

/** Tells a machine who it is, and awaits its shell. */
async function introduce({ agent, own, seed, waiting }) {
  if (!own) await waiting;
  agent.size(...shell.size); // before the shell goes on: a person may type at once
  await (own ? agent.wake() : agent.seed(seedFile(seed)));
}

const typed = (bytes) => machine?.send(0, bytes);
const agentHeard = {};
const agent = new Agent((stage) => agentHeard[stage]?.());
const shell = new Shell({ typed, sized: (columns, rows) => agent.size(columns, rows) });
const views = new Views(shell);

async function main() {
  if (cannot()) throw new Trouble(cannot(), "Use another browser, or allow it for this page.");
  const told = await described;
  document.title = told.title;
  at("title").textContent = told.title;
  at("cover-heading").textContent = `Loading ${told.title}`;
  at("summary").textContent = told.summary ?? "";
  const tabs = networked(told);
  others.then(([, , , { toolbar }]) => toolbar({ shell, views, tabs, typed })).catch(unequipped);
  const channel = await channelOf(told);
  become("loading");
  const { parts, own, state } = await begun;
  const seed = own?.about.seed ?? seedOf(told);
  channel?.begin({ run: (script, input) => agent.run(script, input), screenshot });
  await start({ told, parts, own, state, tabs, seed, channel });
}

/** The shell comes without the buttons, too. */
function unequipped(error) {
  note(`The buttons of this page do not work: ${error.message}`, [RELOAD], { urgent: true });
}

async function screenshot() {
  if (views.screen) return machine.picture();
  const { picture } = await import("./picture.js");
  return picture(shell.terminal);
}

async function start({ told, parts, own, state, tabs, seed, channel }) {
  become("booting");
  cover(`Starting ${told.title}`, state ? "" : "Without a saved state this takes some twenty seconds.");
  const watch = new Watch(() => fail(new Trouble("The machine says nothing.", "Reload the page; if that does not help, start without the saved state.")));
  const waiting = new Promise((told) => (agentHeard.waiting = told));
  Object.assign(agentHeard, {
    seeded: () => running("seeded"), ready: () => running("ready"), ended: () => ended(),
  });
  const hears = {
    terminal: (bytes) => (watch.heard(), shell.hear(bytes)),
    agent: (bytes) => (watch.heard(), agent.hear(bytes)),
    console: (bytes) => (watch.heard(), channel?.hear(bytes)),
  };
  onChange((stage) => ["seeded", "ready", "ended", "failed"].includes(stage) && watch.end());
  const running = (stage) => {
    const first = !["seeded", "ready"].includes(now().stage);
    become(stage);
    if (stage === "ready") machine.calm();
    if (!first) return;
    uncover();
    views.focus();
  };
  machine = await Machine.start({ told, parts, state, tabs, screen: at("vga"), hears, stuck });
  agent.attach(machine);
  views.attach(machine);
  become("running");
  if (own) shell.replay(own.about.tail);
  const modules = await others.catch(() => undefined); // said already
  await introduce({ agent, own, seed, waiting: state ? undefined : waiting });
  if (own) running(own.about.stage);
  if (modules) await equip({ told, seed, tabs, own, modules });
}

/** Connects what needs a machine that answers. */
async function equip({ told, seed, tabs, own, modules }) {
  const [{ about, aboutNetwork }, { files }, { keeping, offer }] = modules;
  about(told, seed);
  files({ run: (script, input) => agent.run(script, input), user: seed.ABCD_USER });
  const snapshot = async () => ({
    about: { seed, stage: now().stage, tail: await shell.tail() },
    state: await machine.save(),
  });
  await keeping({ told, snapshot });
  if (!own) await offer();
  if (!tabs) return;
  try {
    const address = await connect((script) => agent.run(script));
    aboutNetwork(address);
    note(`This machine is ${address} for the other tabs of this browser.`, [{ label: "Close" }]);
  } catch (error) {
    note(`The network of tabs does not work: ${error.message}`, [{ label: "Close" }], { urgent: true });
  }
}

/** Shows that a piece of the root is missing; resolves when it shall be fetched again. */
function stuck({ message, remedy }) {
  return new Promise((retry) => {
    const close = note(`${message} ${remedy}`, [{ label: "Try again", does: retry }], { urgent: true });
    addEventListener("online", () => (close(), retry()), { once: true });
  });
}

addEventListener("error", ({ error, filename }) => {
  if (filename?.endsWith("libv86.mjs")) fail(new Trouble(`The emulator failed: ${error?.message ?? error}.`));
});
// A file that is dropped before anybody takes it must not replace this page.
for (const kind of ["dragover", "drop"]) {
  addEventListener(kind, (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
}
main().catch(fail);
