"""What all tests share: which run one after the other, and the last lines, a count per engine."""

import signal
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have a file's tests run in one process, where several run beside each other."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item.path.relative_to(FOLDER))))


def _group(file: Path) -> str:
    """Return what must not be taken apart: the desktop's instances, VirtualBox's registry."""
    if file.parts[:2] == ("e2e", "desktop"):
        return "desktop"
    return "virtualbox" if "virtualbox" in file.name else str(file)


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
