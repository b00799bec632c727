"""What a session holds open, each part from its first use."""

from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from abcd_run.model import Instance

if TYPE_CHECKING:  # `images` needs no runtimes, `ps` no images, and tests time both
    from abcd_run.images.catalogue import Catalogue
    from abcd_run.launch.launched import Launched
    from abcd_run.plan.settings import Settings
    from abcd_run.plugins.fleet import Fleet
    from abcd_run.session.events import Tell, Teller

    Which: TypeAlias = str | Instance | Launched
    """An instance: its name, or a value that a method returned."""


class Opened:
    """A session's fleet, settings and catalogue; any thread may call its methods."""

    def __init__(
        self, *, profiles: Path | None, tell: "Tell | None", other_words: Iterable[str]
    ) -> None:
        self._profiles, self._tell = profiles, tell
        self.other_words = tuple(other_words)
        self._lock = Lock()
        self._fleet: Fleet | None = None
        self._settings: Settings | None = None
        self._begun: dict[tuple[str, str], Instance] = {}

    def fleet(self) -> "Fleet":
        """Return the runtimes."""
        from abcd_run.plugins.fleet import Fleet  # noqa: PLC0415
        from abcd_run.plugins.registry import Registry  # noqa: PLC0415

        with self._lock:
            if self._fleet is None:
                self._fleet = Fleet(Registry.installed())
            return self._fleet

    def settings(self) -> "Settings":
        """Return the user's defaults; their order of runtimes becomes the fleet's.

        Raises `UsageError`.
        """
        from abcd_run.plan import settings  # noqa: PLC0415
        from abcd_run.plugins.fleet import Fleet  # noqa: PLC0415

        with self._lock:
            if self._settings is None:
                loaded = settings.load()
                registry = loaded.registry()
                if self._fleet is None:
                    self._fleet = Fleet(registry)
                self._fleet.registry = registry  # open runtimes stay: they keep their names
                self._settings = loaded
            return self._settings

    def catalogue(self) -> "Catalogue":
        """Return the current profiles. Raises `ProfileError`."""
        from abcd_run.images.catalogue import Catalogue  # noqa: PLC0415

        return Catalogue.usual(self._profiles)

    def teller(self) -> "Teller":
        """Return the reporter of progress."""
        from abcd_run.session.events import Teller  # noqa: PLC0415

        return Teller(self._tell or (lambda _: None))

    def instance(self, which: "Which", on: tuple[str, ...] = ()) -> Instance:
        """Return the given instance unchanged, or look up a name.

        Raises as `Fleet.find` does.
        """
        if isinstance(which, str):
            return self.fleet().find(which, on)
        return which if isinstance(which, Instance) else which.instance

    def several(self, which: Iterable["Which"], on: tuple[str, ...]) -> dict[str, Instance]:
        """Return what one question to each runtime finds of the names among these."""
        return self.fleet().several((one for one in which if isinstance(one, str)), on)

    def begun(self, instance: Instance) -> None:
        """Remember an instance that this session launched."""
        self._begun[instance.runtime, instance.runtime_id] = instance

    def ended(self, instance: Instance) -> None:
        """Forget an instance that is gone."""
        self._begun.pop((instance.runtime, instance.runtime_id), None)

    def left(self) -> list[Instance]:
        """Return what this session launched and has not ended."""
        return list(self._begun.values())

    def close(self) -> None:
        """Close the runtimes."""
        with self._lock:
            fleet, self._fleet = self._fleet, None
        if fleet is not None:
            with fleet:
                pass
