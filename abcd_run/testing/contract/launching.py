"""A launch: what it provides, and to whom."""

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from abcd_run.testing.cli import http_status
from abcd_run.testing.contract.basis import (
    INSTANCE_KEYS,
    Basis,
    Document,
    listening,
)


class Launching(Basis):
    """A launch: what it provides, and to whom."""

    def test_document_is_the_designs(self, instance: Document) -> None:
        """Every key is present, the instance is ready, and its facts have the right types."""
        assert set(instance) == INSTANCE_KEYS
        assert instance["stage"] == "ready"
        assert instance["runtime"] == self.runtime
        assert instance["image"] == self.image
        assert re.fullmatch(rf"{self.image}-{self.runtime}-\d+", instance["name"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", instance["created"])
        assert isinstance(instance["ready_seconds"], type(None) if self.by_hand else float)
        assert instance["runtime_id"]

    def test_root_inside_is_nobody_outside(self, instance: Document) -> None:
        """Root inside is an unprivileged uid on the host."""
        self.skip_if(self.no_root)
        assert isinstance(instance["host_root"], int)
        assert instance["host_root"] != 0

    @pytest.mark.usefixtures("page")
    def test_page_wants_the_password(self, instance: Document) -> None:
        """The page accepts the instance's password and no other, nor none at all."""
        url, password = self.url(instance), instance["password"]
        assert http_status(url, user=self.user, password=password)[0] == 200
        assert http_status(url)[0] == 401
        assert http_status(url, user=self.user, password="")[0] == 401
        assert http_status(url, user=self.user, password=password[:-1])[0] == 401
        assert re.fullmatch(r"[A-Za-z0-9_-]{24,}", password)

    @pytest.mark.usefixtures("page")
    def test_page_shows_where_it_runs(self, instance: Document) -> None:
        """The seed has arrived: image, runtime and host name appear on the page."""
        self.skip_if(self.own_page)
        _, text = http_status(self.url(instance), user=self.user, password=instance["password"])
        for fact in (self.image, self.runtime, instance["name"]):
            assert fact in text

    def test_ports_are_on_loopback_only(self, instance: Document) -> None:
        """No other host can reach the instance."""
        places = [urlsplit(endpoint["url"]) for endpoint in instance["endpoints"]]
        assert any(place.port for place in places)
        for place in places:
            if place.port:
                assert listening(place.port) == {"127.0.0.1"}
            else:  # a socket in a private folder
                assert place.scheme.endswith("+unix")
                assert Path(place.path).parent.stat().st_mode & 0o077 == 0

    def test_password_is_in_no_argument_list(self, instance: Document) -> None:
        """Other users of the host can see every argument list."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):  # it has ended meanwhile
                assert not any(instance["password"] in word for word in process.cmdline())
