"""What commands print for scripts: the documents of docs/json.md."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from abcd_run.backend import record
from abcd_run.launch import endpoints

if TYPE_CHECKING:  # every command prints, and doctor alone has findings
    from collections.abc import Iterable

    from abcd_run.doctor.advisories import Known
    from abcd_run.doctor.checks import Finding
    from abcd_run.errors import Failure
    from abcd_run.launch.launched import Launched
    from abcd_run.model import Endpoint, Plan, Resources

Document = dict[str, Any]


def instance(launched: Launched) -> Document:
    """Return an instance as JSON shows it; see docs/json.md."""
    found = launched.instance
    facts = record.read(found.labels)
    return {
        "name": found.name,
        "image": facts.image,
        "variant": facts.variant,
        "runtime": found.runtime,
        "stage": str(launched.stage),
        "created": facts.created,
        "endpoints": [endpoint(one) for one in endpoints.endpoints(found)],
        "password": found.password,
        "host_root": found.host_root,
        "ready_seconds": launched.ready_seconds,
        "runtime_id": found.runtime_id,
        "resources": _resources(facts.resources),
    }


def _resources(given: Resources) -> Document:
    return {"memory": given.memory, "cpus": given.cpus, "disk": given.disk}


def endpoint(found: Endpoint) -> Document:
    """Return an endpoint as JSON shows it."""
    return {"service": found.service, "protocol": found.protocol, "url": found.url}


def error(failure: Failure) -> Document:
    """Return an error as JSON shows it; `code` is the exit status that it alone would give."""
    return {
        "code": failure.error.status,
        "message": failure.error.message,
        "details": failure.error.details,
        "remedy": failure.error.remedy,
        "runtime": failure.runtime,
        "name": failure.name,
    }


def document(launched: Iterable[Launched], failures: Iterable[Failure]) -> Document:
    """Return the document of a launch, `ps` and `show`."""
    return {
        "instances": [instance(one) for one in launched],
        "errors": [error(failure) for failure in failures],
    }


def plan(planned: Plan, native: str) -> Document:
    """Return a plan as JSON shows it, with the native command a person would type."""
    return {
        "name": planned.name,
        "image": planned.image,
        "variant": planned.variant,
        "runtime": planned.runtime,
        "format": str(planned.format),
        "source": str(planned.source),
        "memory": planned.resources.memory,
        "cpus": planned.resources.cpus,
        "services": {one.name: one.port for one in planned.services},
        "address": planned.address,
        "ready": planned.ready.kind or planned.ready.service or planned.ready.console,
        "timeout": planned.ready.timeout,
        "native": native,
    }


def print_json(content: object) -> None:
    """Print one document on standard output, in ASCII: that survives every locale and file name."""
    sys.stdout.write(json.dumps(content, indent=2) + "\n")


def finding(found: Finding) -> Document:
    """Return what `doctor` found as JSON shows it."""
    remedy = "" if found.good else found.remedy
    return {
        "check": found.name,
        "good": found.good,
        "says": found.says,
        "remedy": remedy,
        "known": [_known(one) for one in found.known],
    }


def _known(found: Known) -> Document:
    return {
        "component": found.advisory.component,
        "version": found.version,
        "package": found.package,
        "ids": list(found.advisory.ids),
        "fixed": list(found.advisory.fixed),
        "possible": found.advisory.possible,
    }
