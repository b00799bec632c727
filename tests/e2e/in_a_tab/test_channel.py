"""The page and a launcher: what is told, asked and answered, and which tab has the machine."""

from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext

from tests.e2e.in_a_tab.conftest import BUILD_SECONDS
from tests.e2e.in_a_tab.launcher import launched
from tests.e2e.in_a_tab.tab import tab
from tests.waiting import until

pytestmark = pytest.mark.timeout(BUILD_SECONDS + 300)

SECONDS = 60


def test_a_launcher_sees_and_works(folder: Path, context: BrowserContext) -> None:
    with launched(folder) as (address, launcher), tab(context, address) as one:
        one.open()
        one.run("echo $(id -un) $(hostname)", 1)
        one.shows("ana named")
        until(lambda: "ready" in launcher.stages, within=SECONDS)
        assert launcher.run("cat; id -un; echo oops >&2; exit 3", b"given ") == (
            3, b"given root\n", b"oops\n",
        )  # fmt: skip
        assert launcher.run("true") == (0, b"", b"")
        launcher.run("echo on-the-console >/dev/hvc0")
        until(lambda: b"on-the-console" in launcher.console, within=SECONDS)
        picture = Image.open(BytesIO(b64decode(launcher.ask(kind="screenshot")["png"])))
        assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 2
        one.page.click("#view")
        screen = Image.open(BytesIO(b64decode(launcher.ask(kind="screenshot")["png"])))
        assert screen.size == (720, 400)
        assert "does not know" in launcher.ask(kind="dance")["error"]
        assert launcher.without_token == 0
        launcher.work.put({"kind": "end"})
        until(lambda: one.stage() == "ended", within=SECONDS)


def test_jobs_do_not_wait_for_each_other(folder: Path, context: BrowserContext) -> None:
    with launched(folder) as (address, launcher), tab(context, address) as one:
        one.open()
        launcher.work.put({"id": "1", "kind": "run", "script": "sleep 5; echo slow", "input": ""})
        assert launcher.run("echo quick")[1] == b"quick\n"
        assert b64decode(launcher.answers.get(timeout=SECONDS)["out"]) == b"slow\n"


def test_one_tab_has_the_machine(folder: Path, context: BrowserContext) -> None:
    with (
        launched(folder) as (address, launcher),
        tab(context, address) as one,
        tab(context, address) as other,
    ):
        one.open()
        first = launcher.holder
        one.page.reload()
        one.prompt()
        assert launcher.holder == first
        other.page.goto(address)
        until(lambda: other.stage() == "elsewhere", within=SECONDS)
        other.page.get_by_role("button", name="Take over").click()
        other.prompt()
        until(lambda: one.stage() == "ended", within=SECONDS)
        assert "another tab" in one.page.inner_text("#cover").lower()
        assert launcher.holder != first
        # A browser tells of each refusal in its console: those are no faults of the page.
        for each in (one, other):
            each.wrong[:] = [said for said in each.wrong if "409" not in said]
