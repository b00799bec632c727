"""The user's containers, queried in parallel: one that hangs does not hide the others.

The daemon keeps its list separate from the containers. An operation that never finishes blocks
queries about its own container only; the list still answers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote

import requests
from docker import APIClient
from docker.errors import NotFound, create_api_error_from_http_exception

from abcd_run.backend import record
from abcd_run.backend.oci_containers import Containers, Facts
from abcd_run.concurrency.cancel import awaited
from abcd_run.concurrency.threads import Threads
from abcd_run.model import SILENT, Instance
from abcd_run_docker.errors import is_slow

ONE_SECONDS = 1.5
"""How long the daemon may take to answer for one container."""

ASKERS = 8


@dataclass(frozen=True)
class DockerContainers(Containers):
    """The containers of a daemon; one that does not answer is silent."""

    runtime = "docker"

    api: APIClient

    def lines(self) -> Iterable[Facts]:
        """See the kit."""
        lines: Iterable[Facts] = self.api.containers(all=True, filters={"label": [record.MARK]})
        return lines

    def each(self) -> list[Instance]:
        """See the kit."""
        listed = self.listed()
        with Threads(min(len(listed), ASKERS)) as askers:
            asked = [askers.submit(partial(self._described, one)) for one in listed]
            return [one for answer in asked for one in awaited(answer)]

    def called(self, key: str) -> list[Instance]:
        """See the kit."""

        def among_listed() -> list[Instance]:
            return [one for one in self.listed() if key in (one.name, one.runtime_id)]

        return self._in_time(key, among_listed)

    def _described(self, listed: Instance) -> list[Instance]:
        return self._in_time(listed.runtime_id, lambda: [listed])

    def _in_time(self, key: str, listed: Callable[[], list[Instance]]) -> list[Instance]:
        """Return the daemon's details of a container, or its line in the list if it is slow."""
        try:
            return self.one(key)
        except requests.RequestException as error:
            if not is_slow(error):
                raise
        return [replace(one, state=SILENT, silent=True) for one in listed()]

    def inspected(self, key: str) -> Facts | None:
        """See the kit."""
        # The SDK's own call uses the client's timeout, which is meant for long operations.
        url = f"{self.api.base_url}/v{self.api.api_version}/containers/{quote(key, safe='')}/json"
        answer = self.api.get(url, timeout=ONE_SECONDS)
        try:
            _prove(answer)
        except NotFound:
            return None
        facts: Facts = answer.json()
        return facts


def _prove(answer: requests.Response) -> None:
    """Raise the SDK's error if the answer is one."""
    try:
        answer.raise_for_status()
    except requests.HTTPError as error:
        create_api_error_from_http_exception(error)
