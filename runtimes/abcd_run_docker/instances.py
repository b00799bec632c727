"""The containers of this user, asked side by side: one that hangs hides no other.

The daemon keeps its list apart from the containers. Who does something to one of them, and does
not come to an end, holds up questions about that one alone; the list goes on to be told.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

import requests
from docker import APIClient
from docker.errors import NotFound, create_api_error_from_http_exception

from abcd_run.backend import oci_engine, record
from abcd_run.backend.ownership import Marks
from abcd_run.concurrency.cancel import awaited
from abcd_run.concurrency.threads import Threads
from abcd_run.model import SILENT, Instance
from abcd_run_docker.errors import is_slow

RUNTIME = "docker"
ONE_SECONDS = 1.5
"""How long the daemon may take for one container."""

ASKERS = 8

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Containers:
    """The containers that a daemon has of this user's abcd-run.

    `reads` makes an instance of what `docker inspect` tells.
    """

    api: APIClient
    marks: Marks
    reads: Callable[[Facts], Instance]

    def listed(self) -> list[Instance]:
        """Return all of them, without details."""
        found = self.api.containers(all=True, filters={"label": [record.MARK]})
        listed = [(oci_engine.brief(facts, runtime=RUNTIME), facts) for facts in found]
        return [one for one, facts in listed if self.marks.are_own(one, facts)]

    def each(self) -> list[Instance]:
        """Return all of them; one that does not answer is silent."""
        listed = self.listed()
        with Threads(min(len(listed), ASKERS)) as askers:
            asked = [askers.submit(partial(self._described, one)) for one in listed]
            return [one for answer in asked for one in awaited(answer)]

    def called(self, key: str) -> list[Instance]:
        """Return the one of a name or id, if there is one."""
        try:
            return self._one(key)
        except requests.RequestException as error:
            if not is_slow(error):
                raise
        return [_silent(one) for one in self.listed() if key in (one.name, one.runtime_id)]

    def _described(self, listed: Instance) -> list[Instance]:
        try:
            return self._one(listed.runtime_id)
        except requests.RequestException as error:
            if not is_slow(error):
                raise
        return [_silent(listed)]

    def _one(self, key: str) -> list[Instance]:
        try:
            facts = self._inspected(key)
        except NotFound:
            return []
        instance = self.reads(facts)
        # Docker finds by any unique beginning of an id, too, and it finds what is not ours.
        meant = key in (instance.name, instance.runtime_id)
        return [instance] if meant and self.marks.are_own(instance, facts) else []

    def _inspected(self, key: str) -> Facts:
        # The SDK's own call has no time limit but the client's, which is made for long work.
        url = f"{self.api.base_url}/v{self.api.api_version}/containers/{quote(key, safe='')}/json"
        answer = self.api.get(url, timeout=ONE_SECONDS)
        try:
            answer.raise_for_status()
        except requests.HTTPError as error:
            create_api_error_from_http_exception(error)
        facts: Facts = answer.json()
        return facts


def _silent(listed: Instance) -> Instance:
    return replace(listed, state=SILENT, silent=True)
