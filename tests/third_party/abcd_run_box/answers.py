"""The kind of readiness `answers`: a port of the instance takes a connection."""

import socket
from collections.abc import Mapping

from abcd_run.model import Instance, Stage
from abcd_run.plugins.readiness_kinds import Answer
from abcd_run.runtime import Option


class Answers:
    """Connects to one port."""

    options: Mapping[str, Option] = {"port": Option(int, "the port inside", "8080")}

    def look(self, instance: Instance, options: Mapping[str, object], *, seconds: float) -> Answer:
        """Return whether somebody listens."""
        at = instance.ports.get(int(str(options.get("port", 8080))))
        if at is None:
            return Answer(Stage.RUNNING, "its port is not published")
        try:
            socket.create_connection(at, timeout=seconds).close()
        except OSError as error:
            return Answer(Stage.RUNNING, str(error))
        return Answer(Stage.READY)


ANSWERS = Answers()
