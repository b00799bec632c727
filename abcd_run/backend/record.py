"""The record of an instance: labels on the runtime's own object, and nothing anywhere else."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from abcd_run import __version__, limits, schema
from abcd_run.host import bounded_match
from abcd_run.model import PROTOCOLS, Plan, Ready, Resources, Service
from abcd_run.schema import Rule

PREFIX = "abcd-run."
MARK = PREFIX + "version"
"""The label that every instance of abcd-run has, whatever its version."""

IMAGE_ID = PREFIX + "id"
"""The property of an LXD image that says from what and how it was made."""

NAME, CREATED = PREFIX + "name", PREFIX + "created"
UNIQUE = (NAME, CREATED)
"""The labels that no two instances have alike."""

_PATH = schema.matching(r"/.*", 'a path that starts with "/"')
_SERVICE: Mapping[str, Rule] = {
    "name": schema.SERVICE,
    "port": schema.PORT,
    "protocol": schema.one_of(*PROTOCOLS),
    "path": _PATH,
    "open": schema.FLAG,
    "variant": schema.STRING,
}
_READY: Mapping[str, Rule] = {
    "service": schema.SERVICE,
    "path": _PATH,
    "console": bounded_match.EXPRESSION,
    "timeout": schema.NUMBER,
    "lenient": schema.FLAG,
    "kind": schema.SERVICE,
    "options": schema.TABLE,
}
_RESOURCES: Mapping[str, Rule] = {
    "memory": schema.SIZE,
    "cpus": schema.NUMBER,
    "shm": schema.SIZE,
    "disk": schema.SIZE,
}
LONGEST = 1000
"""Services, words of a command and characters of a label that are read."""


@dataclass(frozen=True, slots=True)
class Record:
    """What must be known of an instance after its launch, by whoever comes later.

    `user` is whom its endpoints want, `account` as whom commands run inside: empty means as the
    image itself decides. `screen` is the command inside that prints a picture of its screen.
    `resources` are what it was given, None where the runtime decided.
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
    resources: Resources

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
        "services": [_facts_of(service) for service in plan.services],
        "screen": list(plan.screen),
        "ready": asdict(plan.ready),
        "resources": {key: value for key, value in asdict(plan.resources).items() if value},
    }
    return {
        MARK: __version__,
        PREFIX + "image": plan.image,
        PREFIX + "variant": plan.variant,
        NAME: plan.name,
        CREATED: plan.created,
        PREFIX + "profile": json.dumps({"origin": plan.profile, **facts}, separators=(",", ":")),
    }


def _facts_of(service: Service) -> dict[str, Any]:
    facts = asdict(service)
    facts["variant"] = facts.pop("kind")  # as profiles call it
    return facts


def read(found: Mapping[str, str]) -> Record:
    """Read the labels back; what another version left out or mangled gets its default.

    Never raises: other tools of the user's, or an image, may have written them as well.
    """
    facts = _facts(found.get(PREFIX + "profile", ""))
    return Record(
        name=_label(found, NAME),
        image=_label(found, PREFIX + "image"),
        variant=_label(found, PREFIX + "variant"),
        created=_label(found, CREATED),
        user=_user(facts.get("user")),
        account=_user(facts.get("account")),
        services=tuple(_services(facts.get("services"))),
        screen=_words(facts.get("screen")),
        ready=Ready(**_known(facts.get("ready"), _READY)),
        resources=Resources(**_known(facts.get("resources"), _RESOURCES)),
    )


def _label(stored: Mapping[str, str], key: str) -> str:
    text = stored.get(key)
    usable = isinstance(text, str) and len(text) <= LONGEST and not schema.CONTROL.search(text)
    return str(text) if usable else ""


def _user(value: object) -> str:
    return str(_known({"user": value}, {"user": schema.USER}).get("user", ""))


def _services(value: object) -> Iterator[Service]:
    for facts in value[:LONGEST] if isinstance(value, list) else []:
        known = _known(facts, _SERVICE)
        if "name" in known and "port" in known:
            yield Service(kind=known.pop("variant", ""), **known)


def _words(value: object) -> tuple[str, ...]:
    words = _known({"words": value}, {"words": schema.WORDS}).get("words", ())
    return words if len(words) <= LONGEST else ()


def _known(facts: object, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Return those keys that this version knows, as far as they are what it expects."""
    known = {}
    for key, value in facts.items() if isinstance(facts, dict) else ():
        with suppress(schema.Wrong, KeyError):
            known[key] = rules[key].read(value)
    return known


def _facts(text: object) -> dict[str, Any]:
    if not isinstance(text, str) or len(text) > limits.TEXT_BYTES:
        return {}
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
