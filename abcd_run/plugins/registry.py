"""The installed runtimes, found through entry points and imported on first use."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from typing import TypeVar

from abcd_run.errors import AbcdRunError, UsageError
from abcd_run.host import os_errors, this_python
from abcd_run.plugins.entry_points import Entry, entries
from abcd_run.runtime import Backend, Problem, Runtime
from abcd_run.schema import did_you_mean

T = TypeVar("T")
GROUP = "abcd_run.runtimes"
AUTO, ALL = "auto", "all"
"""What `--on` accepts besides names: the best one here, all usable ones."""


@dataclass(frozen=True, slots=True)
class Registry:
    """The entry points of all backends, by name; `order` lists those the user prefers."""

    plugins: dict[str, list[Entry]] = field(default_factory=dict[str, list[Entry]])
    order: tuple[str, ...] = ()

    @classmethod
    def installed(cls, order: tuple[str, ...] = ()) -> "Registry":
        """Return the registry of what is installed; names in `order` come first."""
        plugins: dict[str, list[Entry]] = {}
        for entry in entries(GROUP):
            # An editable install shows up twice when its folder is also on sys.path.
            if entry.value not in [other.value for other in plugins.get(entry.name, [])]:
                plugins.setdefault(entry.name, []).append(entry)
        return cls(plugins, order)

    def names(self) -> list[str]:
        """Return the names of all backends in order of preference, broken ones last."""
        wanted = dict.fromkeys(name for name in self.order if name in self.plugins)
        others = set(self.plugins) - set(wanted)
        return [*wanted, *sorted(others, key=lambda name: (self._preference(name), name))]

    def _preference(self, name: str) -> float:
        backend = self.backend(name)
        return math.inf if isinstance(backend, Problem) else backend.preference

    def backend(self, name: str) -> Backend | Problem:
        """Return a backend, or what is wrong with its plug-in; never raises."""
        entries = self.plugins.get(name, [])
        if not entries:
            remedy = this_python.install(f"abcd-run-{name}")
            return Problem(f"there is no plug-in for {name}", remedy)
        if len(entries) > 1:
            where = " and ".join(entry.value for entry in entries)
            return Problem(f"two plug-ins are called {name}: {where}", "uninstall one of them")
        return _guarded(entries[0].load, name, Backend)

    def known(self, name: str) -> Backend | Problem:
        """Return a backend that a user asked for. Raises `UsageError` for an unknown name."""
        self.check(name)
        return self.backend(name)

    def check(self, name: str, *, said: str = "") -> None:
        """Raise `UsageError` for an unknown name, naming what `said` it; imports nothing."""
        if name not in self.plugins:
            raise UsageError(
                f"{said}: no runtime called {name!r}" if said else f"no runtime called {name!r}",
                details=f"known runtimes: {', '.join(self.names()) or 'none'}",
                remedy=did_you_mean(name, self.names(), "abcd-run runtimes"),
            )


def split_runtimes(given: Iterable[str]) -> tuple[str, ...]:
    """Return the runtimes of `--on podman,docker --on lxd`, each once, in order."""
    words = (word.strip() for part in given for word in part.split(","))
    return tuple(dict.fromkeys(word for word in words if word))


def absence(backend: Backend) -> Problem | None:
    """Return why this host lacks a runtime, or None; imports no SDK."""
    try:
        problem = backend.missing()
    except Exception as error:  # noqa: BLE001  (someone else's code may raise anything)
        return broken(error)
    if problem is None and backend.sdk and PathFinder.find_spec(backend.sdk) is None:
        return _lacks(backend.sdk, backend.name)
    return problem


def connect(backend: Backend) -> Runtime | Problem:
    """Open a backend that is present, or return why it cannot be used."""
    if problem := absence(backend):
        return problem
    opened: Runtime | Problem = _guarded(backend.open, backend.name, Runtime)
    return opened


def _guarded(load: Callable[[], object], name: str, kind: type[T]) -> T | Problem:
    try:
        loaded = load()
    except AbcdRunError as error:
        return Problem(error.message, error.remedy)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("abcd_run"):
            return Problem(f"its plug-in is broken: {error}", f"reinstall abcd-run-{name}")
        return _lacks(error.name or "", name)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (it may raise anything)
        return broken(error)
    if not isinstance(loaded, kind):
        return broken(TypeError(f"{loaded!r} is not a {kind.__name__}"))
    return loaded


def _lacks(package: str, runtime: str) -> Problem:
    return Problem(
        f"the Python package {package!r} is not installed",
        this_python.install(f"abcd-run[{runtime}]"),
    )


def broken(error: BaseException) -> Problem:
    """Return what is wrong with a runtime whose code raised something unexpected."""
    if isinstance(error, Exception) and (refused := os_errors.told(error)):
        return Problem(refused.message, refused.remedy)
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    return Problem(f"its plug-in is broken: {what}", "report it to its author, or uninstall it")
