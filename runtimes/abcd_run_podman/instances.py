"""The user's containers, queried one by one."""

from collections.abc import Iterable
from dataclasses import dataclass

from podman import PodmanClient
from podman.errors import NotFound

from abcd_run.backend import record
from abcd_run.backend.oci_containers import Containers, Facts


@dataclass(frozen=True)
class PodmanContainers(Containers):
    """The containers of a user."""

    runtime = "podman"

    client: PodmanClient

    def lines(self) -> Iterable[Facts]:
        """See the kit."""
        # If a container vanished meanwhile, the SDK would pass off the list's facts as details.
        listed = self.client.containers.list(
            all=True, filters=[f"label={record.MARK}"], sparse=True
        )
        return [container.attrs for container in listed]

    def inspected(self, key: str) -> Facts | None:
        """See the kit."""
        try:
            return self.client.containers.get(key).attrs
        except NotFound:
            return None
