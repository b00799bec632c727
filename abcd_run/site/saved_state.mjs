// Boot a site's machine until it waits for its page, and save it as it stands there:
// node saved_state.mjs SITE OUT
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const SECONDS = 300; // a slow host takes one; a kernel that does not start takes for ever
const SETTLE = 500; // milliseconds for programs that have just started
const FOLDER = "/var/lib/abcd-tab"; // of the machine, which the page sees too
const LAST = 2000; // characters of the console that an error shows

const [site, out] = process.argv.slice(2);
const machine = JSON.parse(readFileSync(join(site, "machine.json")));
const { V86 } = await import(pathToFileURL(join(site, "v86/libv86.mjs")));
const bytes = (text) => new TextEncoder().encode(text);
const at = (path) => join(site, path);

const emulator = new V86({
  wasm_path: at("v86/v86.wasm"),
  memory_size: machine.memory,
  vga_memory_size: machine.vga_memory,
  bios: { url: at("bios/seabios.bin") },
  vga_bios: { url: at("bios/vgabios.bin") },
  bzimage: { url: at(machine.kernel.path) },
  initrd: { url: at(machine.initrd.path) },
  cmdline: machine.cmdline,
  filesystem: { basefs: at(machine.root.index.path), baseurl: at(machine.root.base) },
  net_device: { type: "virtio", relay_url: "inbrowser" },
  uart1: true,
  virtio_console: true,
  autostart: true,
});

let console_ = "";
let line = "";
const started = Date.now();

function fail(why) {
  process.stderr.write(`${why}\n${console_.slice(-LAST)}\n`);
  process.exit(1);
}

// What the boot has left in free memory is of no use to anybody, and most of a state.
// Without the reserve, also in the memory below 16 MiB, where the packed kernel was.
const WIPE = `
  reserve=/proc/sys/vm/lowmem_reserve_ratio
  kept=$(cat $reserve)
  echo 1000000 1000000 1000000 >$reserve
  mount -t tmpfs -o size=100% wipe /mnt
  while read -r name size _; do
    [ "$name" != MemFree: ] || dd if=/dev/zero of=/mnt/wipe bs=1M count=$((size / 1024 - 4))
  done </proc/meminfo
  umount /mnt
  echo "$kept" >$reserve
`;

async function save() {
  const state = await emulator.save_state();
  writeFileSync(out, new Uint8Array(state));
  process.stdout.write(`it waits after ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  process.exit(0);
}

async function wipe() {
  await emulator.create_file(`${FOLDER}/1.job`, bytes(WIPE));
  emulator.serial_send_bytes(1, bytes("run 1\n"));
}

emulator.add_listener("virtio-console0-output-bytes", (bytes) => {
  console_ = (console_ + new TextDecoder("latin1").decode(bytes)).slice(-2 * LAST);
});
emulator.add_listener("serial1-output-byte", (byte) => {
  const letter = String.fromCharCode(byte);
  if (letter !== "\n") {
    line += letter;
    return;
  }
  const [word] = line.trim().split(" ");
  line = "";
  if (word === "waiting") wipe().catch((error) => fail(`${error}`));
  if (word === "done") emulator.serial_send_bytes(1, bytes("forget 1\n"));
  if (word === "done") setTimeout(() => save().catch((error) => fail(`${error}`)), SETTLE);
});
process.on("unhandledRejection", (error) => fail(`${error}`));
setTimeout(() => fail(`the machine does not wait for its page after ${SECONDS} s`), SECONDS * 1000);
