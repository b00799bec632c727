"""Present folders and their servers as instances."""

from abcd_run.backend import record
from abcd_run.model import SILENT, Endpoint, Instance, RootHeld, Stage
from abcd_run_browser.folder import Folder, Spec

RUNTIME = "browser"
PAGE = "page"
STOPPED = ("stopped", "tracing-stop")
"""As psutil calls the states of a process that a signal or a debugger has stopped."""


def instance(there: Folder) -> Instance | None:
    """Return a folder as an instance; None if it is not one, or has gone meanwhile."""
    spec = there.spec()
    if spec is None or record.MARK not in spec.labels:
        return None
    started = there.started()
    running = bool(started) and there.runs()
    silent = running and _is_stopped(int(started["pid"]))
    told = there.told()
    state, stage = _state(told) if running else (_end(started, told), None)
    return Instance(
        name=there.name,
        runtime=RUNTIME,
        runtime_id=there.name,
        labels=spec.labels,
        running=running,
        state=SILENT if silent else state,
        password=spec.password,
        root=RootHeld.SANDBOX,
        endpoints=(_page(spec, int(started["port"])),) if running else (),
        silent=silent,
        # Nothing of a machine outlives its server but what the server itself wrote at its end.
        began=bool(started) and (running or bool(told.get("ended"))),
        stage=stage,
    )


def _page(spec: Spec, port: int) -> Endpoint:
    host = f"[{spec.address}]" if ":" in spec.address else spec.address
    return Endpoint(PAGE, "http", f"http://{host}:{port}/")


def _state(told: dict[str, object]) -> tuple[str, Stage]:
    """Return how far a served page is, in a word and as a stage."""
    if not told.get("shown"):
        return "no tab shows it", Stage.REACHABLE
    stage, why = str(told.get("stage")), str(told.get("why") or "")
    if stage == "ready":
        return "running", Stage.READY
    return f"in a tab: {stage}{f', {why}' if why else ''}", Stage.REACHABLE


def _end(started: dict[str, object], told: dict[str, object]) -> str:
    if not started:
        return "created"
    return "ended" if told.get("ended") else "its server was killed"


def _is_stopped(pid: int) -> bool:
    import psutil  # noqa: PLC0415  (only what runs is asked)

    try:
        return psutil.Process(pid).status() in STOPPED
    except psutil.Error:  # it has ended meanwhile
        return False
