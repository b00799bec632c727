"""What commands print for scripts: the documents described in docs/json.md.

`documents` has their types.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, cast

from abcd_run.backend import record
from abcd_run.launch import endpoints

if TYPE_CHECKING:  # every command prints, but only doctor has findings
    from collections.abc import Iterable

    from abcd_run.doctor.advisories import Known
    from abcd_run.doctor.checks import Finding
    from abcd_run.errors import Failure
    from abcd_run.launch.launched import Launched
    from abcd_run.model import Endpoint, Plan, Resources
    from abcd_run.report import documents
    from abcd_run.report.documents import StageName


def instance(launched: Launched) -> documents.Instance:
    """Return an instance as a JSON document; see docs/json.md."""
    copy = launched.instance
    facts = record.read(copy.labels)
    return {
        "name": copy.name,
        "image": facts.image,
        "variant": facts.variant,
        "runtime": copy.runtime,
        "stage": cast("StageName", str(launched.stage)),
        "created": facts.created,
        "endpoints": [endpoint(one) for one in endpoints.endpoints(copy)],
        "password": copy.password,
        "host_root": copy.host_root,
        "ready_seconds": launched.ready_seconds,
        "runtime_id": copy.runtime_id,
        "resources": _resources(facts.resources),
        "home": facts.home or None,
    }


def _resources(given: Resources) -> documents.Resources:
    return {"memory": given.memory, "cpus": given.cpus, "disk": given.disk}


def endpoint(way: Endpoint) -> documents.Endpoint:
    """Return an endpoint as a JSON document."""
    return {"service": way.service, "protocol": way.protocol, "url": endpoints.typed(way).url}


def error(failure: Failure) -> documents.Error:
    """Return an error as a JSON document; `code` is the exit status that it alone would cause."""
    return {
        "code": failure.error.status,
        "message": failure.error.message,
        "details": failure.error.details,
        "remedy": failure.error.remedy,
        "runtime": failure.runtime,
        "name": failure.name,
    }


def errors(failures: Iterable[Failure]) -> list[documents.Error]:
    """Return errors as JSON documents."""
    return [error(failure) for failure in failures]


def document(launched: Iterable[Launched], failures: Iterable[Failure]) -> documents.Instances:
    """Return the document that a launch, `ps` and `show` print."""
    return {
        "instances": [instance(one) for one in launched],
        "errors": errors(failures),
    }


def plan(planned: Plan, native: str) -> documents.Plan:
    """Return a plan as a JSON document, with the native command a person would type."""
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
    """Print one document on standard output, in ASCII, which survives any locale and file name."""
    sys.stdout.write(json.dumps(content, indent=2) + "\n")


def finding(check: Finding) -> documents.Finding:
    """Return a `doctor` finding as a JSON document."""
    remedy = "" if check.good else check.remedy
    return {
        "check": check.name,
        "good": check.good,
        "says": check.says,
        "remedy": remedy,
        "known": [_known(one) for one in check.known],
    }


def _known(known: Known) -> documents.Advisory:
    return {
        "component": known.advisory.component,
        "version": known.version,
        "package": known.package,
        "ids": list(known.advisory.ids),
        "fixed": list(known.advisory.fixed),
        "possible": known.advisory.possible,
    }
