"""The record of an instance: labels on the runtime's own object, and nothing anywhere else."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from abcd_run import __version__
from abcd_run.model import PROTOCOLS, Plan, Ready, Service

PREFIX = "abcd-run."
MARK = PREFIX + "version"
"""The label that every instance of abcd-run has, whatever its version."""

NAME, CREATED = PREFIX + "name", PREFIX + "created"
UNIQUE = (NAME, CREATED)
"""The labels that no two instances have alike."""

_SERVICE = {
    "name": str,
    "port": int,
    "protocol": str,
    "path": str,
    "open": bool,
    "variant": str,
}
_READY = {
    "service": str,
    "path": str,
    "console": str,
    "timeout": (int, float),
    "lenient": bool,
}
_FIT: Mapping[str, Callable[[Any], bool]] = {
    "port": lambda port: 0 < port < 2**16 and not isinstance(port, bool),
    "protocol": lambda protocol: protocol in PROTOCOLS,
    # Behind the host of an address, anything else would make another host of it.
    "path": lambda path: path.startswith("/"),
}
"""What a label must be to be believed: whoever makes an image or a container may write some."""

_PERSON = re.compile(r"[\w.][\w.:@-]*")
"""A user as programs take one; with a hyphen first it would be an option."""


@dataclass(frozen=True, slots=True)
class Record:
    """What must be known of an instance after its launch, by whoever comes later.

    `user` is whom its endpoints want, `account` as whom commands run inside: empty means as the
    image itself decides. `screen` is the command inside that prints a picture of its screen.
    """

    name: str
    image: str
    variant: str
    created: str
    user: str
    account: str
    services: tuple[Service, ...]
    screen: tuple[str, ...]
    ready: Ready

    @property
    def age(self) -> float:
        """Seconds since the launch; 0 when it is not known."""
        try:
            return (datetime.now(UTC) - datetime.fromisoformat(self.created)).total_seconds()
        except (ValueError, TypeError):  # no time, or one without its zone
            return 0


def labels(plan: Plan) -> dict[str, str]:
    """Return the labels that a runtime puts on its object for this plan."""
    facts = {
        "user": plan.seed.user,
        "account": plan.account,
        "services": [asdict(service) for service in plan.services],
        "screen": list(plan.screen),
        "ready": asdict(plan.ready),
    }
    return {
        MARK: __version__,
        PREFIX + "image": plan.image,
        PREFIX + "variant": plan.variant,
        NAME: plan.name,
        CREATED: plan.created,
        PREFIX + "profile": json.dumps({"origin": plan.profile, **facts}, separators=(",", ":")),
    }


def read(found: Mapping[str, str]) -> Record:
    """Read the labels back; what another version left out or mangled gets its default."""
    facts = _facts(found.get(PREFIX + "profile", ""))
    return Record(
        name=found.get(NAME, ""),
        image=found.get(PREFIX + "image", ""),
        variant=found.get(PREFIX + "variant", ""),
        created=found.get(CREATED, ""),
        user=_person(facts.get("user")),
        account=_person(facts.get("account")),
        services=tuple(_services(facts.get("services"))),
        screen=tuple(_words(facts.get("screen"))),
        ready=Ready(**_known(facts.get("ready"), _READY)),
    )


def _services(found: object) -> Iterator[Service]:
    for facts in found if isinstance(found, list) else []:
        known = _known(facts, _SERVICE)
        if "name" in known and "port" in known:
            yield Service(**known)


def _person(found: object) -> str:
    return found if isinstance(found, str) and _PERSON.fullmatch(found) else ""


def _words(found: object) -> list[str]:
    words = found if isinstance(found, list) else []
    return words if all(isinstance(word, str) for word in words) else []


def _known(facts: object, kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Return those keys that this version knows, as far as they are what it expects."""
    found = facts if isinstance(facts, dict) else {}
    return {
        key: value
        for key, value in found.items()
        if isinstance(value, kinds.get(key, ())) and _FIT.get(key, _any)(value)
    }


def _any(_value: object) -> bool:
    return True


def _facts(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
