"""A page opened until its shell's prompt: a site of ours against v86's own way with the same parts.

The native side is a page of v86's examples: its options, a text area as the terminal, and the lines
that tell the machine who it is. Each runs in Debian's Chromium, from a server on loopback that
compresses nothing. The time begins when an empty tab gets the address, and ends at the prompt.
Bytes are those of the answers' bodies.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.bench import readers
from tests.bench.measure import Row, Side, compare

IMAGE = "abcd4demo"
CHROMIUM = "/usr/bin/chromium"
SECONDS = 60
PROMPT = "() => TEXT.includes('~$')"
OURS = PROMPT.replace("TEXT", "(document.querySelector('.xterm-rows')?.innerText ?? '')")
THEIRS = PROMPT.replace("TEXT", "document.querySelector('textarea').value")
PLAIN = """\
<!doctype html><title>v86</title><textarea></textarea><div><div></div><canvas></canvas></div>
<script type="module">
import { V86 } from "./v86/libv86.mjs";
const told = MACHINE;
const cold = location.search === "?boot=cold";
const boot = cold
  ? { bzimage: { url: told.kernel.path }, initrd: { url: told.initrd.path }, cmdline: told.cmdline }
  : { initial_state: { url: told.state.path } };
const emulator = new V86({
  wasm_path: "v86/v86.wasm", memory_size: told.memory, vga_memory_size: told.vga_memory,
  bios: { url: "bios/seabios.bin" }, vga_bios: { url: "bios/vgabios.bin" },
  filesystem: { basefs: told.root.index.path, baseurl: told.root.base },
  net_device: { type: "virtio", relay_url: "inbrowser" }, uart1: true, virtio_console: true,
  screen_container: document.querySelector("div"),
  serial_container: document.querySelector("textarea"), autostart: true, ...boot,
});
async function introduce() {
  const seed = "ABCD_HOSTNAME='plain'\\nABCD_PASSWORD='none-of-any-use'\\n";
  await emulator.create_file("/var/lib/abcd-tab/seed", new TextEncoder().encode(seed));
  emulator.serial_send_bytes(1, new TextEncoder().encode("seed\\n"));
}
let said = "";
if (cold) emulator.add_listener("serial1-output-byte", (byte) => {
  said += String.fromCharCode(byte);
  if (said === "waiting\\n") introduce();
});
else emulator.add_listener("emulator-started", introduce);
</script>
"""


def rows(runs: int, scratch: Path) -> Iterator[Row]:
    """Yield each row as soon as it is measured."""
    site = scratch / "site"
    make = ["abcd-run", "-q", "artifact", IMAGE, "--to", "site", "-o", str(site)]
    subprocess.run(make, check=True)
    told = json.loads((site / "machine.json").read_text())
    (site / "plain.html").write_text(PLAIN.replace("MACHINE", json.dumps(told)))
    with served(site) as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--disable-gpu"])
        ours, theirs = (
            Tab("our site", chromium, f"{address}/", OURS),
            Tab("v86's example page", chromium, f"{address}/plain.html", THEIRS),
        )
        sizes = ", ".join(f"{one.name} {one.bytes_taken() / 1e6:.1f} MB" for one in (ours, theirs))
        for what, query, warm in (
            ("warm cache", "", True),
            (f"empty cache, {sizes}", "", False),
            ("empty cache, cold boot", "?boot=cold", False),
        ):
            sides = [one.side(query, warm=warm) for one in (ours, theirs)]
            yield compare(f"tab: page to shell, {what}", *sides, runs=runs)
        chromium.close()
    yield from readers.rows(runs, site, scratch)


@dataclass(frozen=True, slots=True)
class Tab:
    """A page that Chromium opens, and the expression that tells its prompt."""

    name: str
    chromium: Browser
    address: str
    prompt: str

    def side(self, query: str, *, warm: bool) -> Side:
        """Return what is timed; with a warm cache, that of one context for all runs."""
        kept = self.chromium.new_context(bypass_csp=True) if warm else None
        opened: list[BrowserContext] = []
        pages: list[Page] = []

        def before() -> None:
            if not kept:
                opened[:] = [self.chromium.new_context(bypass_csp=True)]
            pages[:] = [(kept or opened[0]).new_page()]

        def after() -> None:
            for one in (*pages, *opened):
                one.close()

        return Side(self.name, lambda: self._await_prompt(pages[0], query), after, before)

    def bytes_taken(self) -> int:
        """Return the bytes that it takes from the server until its prompt, with an empty cache."""
        sizes: list[int] = []
        context = self.chromium.new_context(bypass_csp=True)
        page = context.new_page()
        page.on("response", lambda one: sizes.append(int(one.headers.get("content-length", 0))))
        self._await_prompt(page, "")
        context.close()
        return sum(sizes)

    def _await_prompt(self, page: Page, query: str) -> None:
        page.goto(f"{self.address}{query}")
        page.wait_for_function(self.prompt, timeout=SECONDS * 1000)


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder on loopback; yield its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its own name)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
