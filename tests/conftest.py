"""What all tests share: which stay together, and the last lines, a count per engine."""

import signal
from collections import Counter

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

counts: dict[str, Counter[str]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):  # type: ignore[no-untyped-def]
    """Note the engine of a test, also for the process that gathers the reports of several."""
    report = yield
    if engine := getattr(getattr(item, "cls", None), "runtime", None):
        report.user_properties.append(("engine", engine))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count the outcome of each test of an engine once."""
    engine = dict(report.user_properties).get("engine")
    if engine and (report.when == "call" or report.outcome != "passed"):
        counts.setdefault(str(engine), Counter())[report.outcome] += 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Have a file's tests run in one process, and what must not be taken apart; for `loadfile`."""
    return Together(config, log) if config.getvalue("dist") == "loadfile" else None


class Together(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a process all tests of a file, and of what shares instances or a registry."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if file.startswith("tests/e2e/desktop/"):
            return "the desktops"
        return "virtualbox" if "virtualbox" in file else file


def pytest_configure() -> None:
    """Have programs notice signals also where a script or nohup has the tests ignore them."""
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGQUIT, signal.SIG_DFL),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Print a line for each engine, below pytest's own summary."""
    if hasattr(config, "workerinput"):
        return
    for engine, count in sorted(counts.items()):
        done = f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped"
        print(f"{engine}: {done}")  # noqa: T201
