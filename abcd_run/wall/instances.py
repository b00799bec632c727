"""What is known about the instances: asked rarely, however many browsers are open."""

import time
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from abcd_run.concurrency.cache import Kept
from abcd_run.concurrency.threads import Threads
from abcd_run.errors import Failure, LaunchFailed, NoSuchInstance
from abcd_run.launch import screen
from abcd_run.launch.endpoints import to_open
from abcd_run.launch.launched import Launched, measured
from abcd_run.model import Instance, Stage
from abcd_run.plugins.fleet import ASK_SECONDS, Fleet
from abcd_run.report import for_scripts
from abcd_run.viewing import viewer
from abcd_run.wall import tabs

FRESH_SECONDS = 2.0
"""How long a list or a picture counts as fresh."""

PICTURE_SECONDS = 10.0
"""How long a browser waits for a picture."""

LOOKS_AT_ONCE = 8
PICTURES_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Now:
    """All instances with their stages, and the runtimes that failed to answer."""

    launched: tuple[Launched, ...]
    failures: tuple[Failure, ...]


class Seen:
    """The instances on some or all runtimes; any thread may call its methods."""

    def __init__(self, fleet: Fleet, on: tuple[str, ...] = ()) -> None:
        self._fleet, self._on = fleet, on
        self._lists: Kept[Now] = Kept(FRESH_SECONDS)
        self._shots: Kept[bytes] = Kept(FRESH_SECONDS)
        self._looking = Threads(LOOKS_AT_ONCE)
        self._drawing = Threads(PICTURES_AT_ONCE)

    def now(self) -> Now:
        """Return the current instances, at most `FRESH_SECONDS` old."""
        return self._lists.get("", self._asked)

    def document(self) -> dict[str, object]:
        """Return the document of `ps` without passwords, plus what the page needs."""
        now = self.now()
        able = not tabs.missing()
        return {
            "instances": [self._shown(one, able=able) for one in now.launched],
            "errors": for_scripts.errors(now.failures),
        }

    def _shown(self, one: Launched, *, able: bool) -> dict[str, object]:
        facts: dict[str, object] = {**for_scripts.instance(one)}
        del facts["password"]
        return {
            **facts,
            "picture": self._has_picture(one.instance),
            "opens": _opens(one.instance),
            "tab": able and tabs.has_screen(one.instance),
            "viewer": _has_viewer(one.instance),
        }

    def find(self, name: str, on: str = "") -> Instance:
        """Return the instance with a name, on the given runtime if any.

        Raises `NoSuchInstance`.
        """
        for one in self.now().launched:
            if one.instance.name == name and on in ("", one.instance.runtime):
                return one.instance
        raise NoSuchInstance(f"no instance called {name!r}", remedy="abcd-run ps")

    def picture(self, name: str, on: str = "") -> bytes:
        """Return a PNG of an instance's screen, at most `FRESH_SECONDS` old.

        Raises `LaunchFailed` or `NoSuchInstance`.
        """
        instance = self.find(name, on)
        return self._shots.get(
            (instance.runtime, instance.runtime_id), lambda: self._drawn(instance)
        )

    def _asked(self) -> Now:
        self._fleet.retry()
        instances, failures = self._fleet.instances(self._on)
        looks = [self._looking.submit(partial(self._look, one)) for one in instances]
        until = time.monotonic() + ASK_SECONDS
        pairs = zip(instances, looks, strict=True)
        return Now(tuple(_looked(one, look, until) for one, look in pairs), tuple(failures))

    def _look(self, instance: Instance) -> Launched:
        return measured(self._fleet.runtime(instance.runtime), instance)

    def _has_picture(self, instance: Instance) -> bool:
        runtime = self._fleet.runtime(instance.runtime)
        return instance.running and not instance.silent and screen.has_screen(runtime, instance)

    def _drawn(self, instance: Instance) -> bytes:
        runtime = self._fleet.runtime(instance.runtime)
        drawing = self._drawing.submit(lambda: screen.picture(runtime, instance))
        try:
            return drawing.result(PICTURE_SECONDS)
        except TimeoutError as error:
            drawing.cancel()
            raise LaunchFailed(
                f"no picture of {instance.name}'s screen within {PICTURE_SECONDS:g} s",
                remedy=f"abcd-run screenshot {instance.name}",
            ) from error


def _looked(instance: Instance, look: Future[Launched], until: float) -> Launched:
    try:
        return look.result(max(0, until - time.monotonic()))
    except Exception:  # noqa: BLE001  (it is gone by now, or its runtime hangs)
        look.cancel()
        return Launched(instance, Stage.RUNNING if instance.running else Stage.CREATED)


def _has_viewer(instance: Instance) -> bool:
    """Say whether an instance is shown by a viewer that would start here."""
    endpoint = to_open(instance) if instance.running else None
    return bool(endpoint and endpoint.protocol not in viewer.WEB and not viewer.hindrance(endpoint))


def _opens(instance: Instance) -> dict[str, object] | None:
    endpoint = to_open(instance) if instance.running else None
    return {**for_scripts.endpoint(endpoint)} if endpoint else None
