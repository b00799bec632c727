"""The kind of readiness `hatched`: an instance is ready after some looks."""

from collections.abc import Mapping

from abcd_run.model import Instance, Stage
from abcd_run.plugins.readiness_kinds import Answer
from abcd_run.runtime import Option


class Hatched:
    """Counts how often each was looked at."""

    options: Mapping[str, Option] = {"looks": Option(int, "how often", "1")}

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def look(self, instance: Instance, options: Mapping[str, object], *, seconds: float) -> Answer:
        """Return the stage after one more look."""
        del seconds
        self.seen[instance.name] = self.seen.get(instance.name, 0) + 1
        if self.seen[instance.name] < int(str(options.get("looks", 1))):
            return Answer(Stage.RUNNING, "still an egg")
        return Answer(Stage.READY)


HATCHED = Hatched()
