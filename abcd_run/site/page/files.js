// A file into the person's home, and a file out of the machine.

import { size } from "./bytes.js";
import { at, clicked, shown } from "./elements.js";
import { quoted } from "./seed.js";

const MOST = 128 * 2 ** 20;
const text = (bytes) => new TextDecoder().decode(bytes);
const say = (words) => (at("files-says").textContent = words);

// As the person: what they may not read or write, this may not either.
const AS = (user, script) => `su -s /bin/sh ${quoted(user)} -c ${quoted(script)}`;

// A name that is taken stays what it is: the new file is name-2, name-3 …
const IN = (name) => `
cd || exit
stem=${quoted(name)} end=
case $stem in ?*.*) end=.\${stem##*.} stem=\${stem%.*} ;; esac
name=$stem$end number=1
until (set -C; : >"./$name") 2>/dev/null; do
    number=$((number + 1)) name=$stem-$number$end
    [ $number -lt 100 ] || { echo "there are too many files with this name" >&2; exit 1; }
done
cat >"./$name" && printf %s "$PWD/$name"
`;
const OUT = (path) => `
cd || exit
name=${quoted(path)}
case $name in '~/'*) name=\${name#'~/'} ;; esac
[ ! -d "$name" ] || { echo "$name is a folder" >&2; exit 1; }
exec cat <"$name"
`;

function complaint({ status, err }) {
  return text(err).trim().split("\n").pop().replace(/^sh: (line \d+: )?/, "") || `status ${status}`;
}

/** Connects the dialog and the window. `run` is the agent's, `user` the person's name inside. */
export function files({ run, user }) {
  const bring = async (list) => {
    for (const file of list) await into(file, { run, user });
  };
  clicked("files-choose", () => at("files-input").click());
  at("files-input").addEventListener("change", async ({ target }) => {
    await bring([...target.files]);
    target.value = "";
  });
  at("files-out").addEventListener("submit", async (event) => {
    event.preventDefault();
    await out(at("files-path").value.trim(), { run, user });
  });
  dropping((list) => {
    if (!at("files").open) at("files").showModal();
    bring(list);
  });
}

function dropping(bring) {
  const over = (event, yes) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    shown("drop", yes);
  };
  addEventListener("dragover", (event) => over(event, true));
  addEventListener("dragleave", (event) => event.relatedTarget || over(event, false));
  addEventListener("drop", (event) => {
    over(event, false);
    if (event.dataTransfer?.files.length) bring([...event.dataTransfer.files]);
  });
}

async function into(file, { run, user }) {
  if (file.size > MOST) {
    say(`${file.name} is too large: ${size(file.size)}; at most ${size(MOST)} fit.`);
    return;
  }
  say(`${file.name} is on its way …`);
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    say(`${file.name} cannot be read: is it a folder?`);
    return;
  }
  const ended = await run(AS(user, IN(file.name)), bytes);
  if (ended.status) say(`${file.name} could not be put into the machine: ${complaint(ended)}.`);
  else say(`In the machine: ${text(ended.out)} (${size(bytes.length)}).`);
}

async function out(path, { run, user }) {
  if (!path) return;
  say(`${path} is on its way …`);
  const ended = await run(AS(user, OUT(path)));
  if (ended.status) {
    say(`${path} could not be fetched: ${complaint(ended)}.`);
    return;
  }
  download(path.split("/").pop(), ended.out);
  say(`Downloaded: ${path} (${size(ended.out.length)}).`);
}

function download(name, bytes) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
