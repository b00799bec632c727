"""The record of an instance: labels on the runtime's own object, and nowhere else."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from abcd_run import __version__, limits, schema
from abcd_run.host import bounded_match
from abcd_run.model import PROTOCOLS, Plan, Ready, Resources, Service, Share
from abcd_run.schema import Rule

PREFIX = "abcd-run."
MARK = PREFIX + "version"
"""The label that every abcd-run instance has, whatever version made it."""

IMAGE_ID = PREFIX + "id"
"""The property of an LXD image that identifies its source and conversion."""

NAME, CREATED = PREFIX + "name", PREFIX + "created"
UNIQUE = (NAME, CREATED)
"""The labels that are unique to each instance."""

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
_SHARE: Mapping[str, Rule] = {"source": _PATH, "target": _PATH, "read_only": schema.FLAG}
_RESOURCES: Mapping[str, Rule] = {
    "memory": schema.SIZE,
    "cpus": schema.NUMBER,
    "shm": schema.SIZE,
    "disk": schema.SIZE,
}
LONGEST = 1000
"""How many services, words of a command or characters of a label are read at most."""


@dataclass(frozen=True, slots=True)
class Record:
    """What later commands must know about a launched instance.

    `user` is the login of its endpoints. `account` is the user that commands run as inside; empty
    leaves it to the image. `screen` is the command inside that prints a screenshot. `resources` are
    the limits it was given; None where the runtime decided. `home` is the folder of the host that
    keeps the user's home; empty if that goes with the instance, which is not `keepable` where the
    runtime has none of the host's folders. `homedir` is where it is inside; empty if the profile
    does not say. `shares` are its other folders.
    `key` says whether it has a public key of its user, which alone lets them in by ssh.
    One that is not `described` has no profile: nobody knows whether it heeds user and password.
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
    home: str = ""
    keepable: bool = True
    homedir: str = ""
    shares: tuple[Share, ...] = ()
    key: bool = True
    described: bool = True

    @property
    def age(self) -> float:
        """Seconds since the launch; 0 if unknown."""
        try:
            return (datetime.now(UTC) - datetime.fromisoformat(self.created)).total_seconds()
        except (ValueError, TypeError):  # not a time, or one without a zone
            return 0


def labels(plan: Plan) -> dict[str, str]:
    """Return the labels that a runtime attaches to its object for this plan."""
    import json  # noqa: PLC0415  (`ps` without instances reads no record)

    facts: dict[str, Any] = {
        "user": plan.seed.user,
        "account": plan.account,
        "services": [_facts_of(service) for service in plan.services],
        "screen": list(plan.screen),
        "ready": asdict(plan.ready),
        "resources": {key: value for key, value in asdict(plan.resources).items() if value},
    }
    if not plan.seed.ssh_key:
        facts["key"] = False
    if not plan.described:
        facts["described"] = False
    if plan.homedir:
        facts["homedir"] = plan.homedir
    if plan.home:
        facts["home"] = str(plan.home.source)
    if not plan.keepable:
        facts["keepable"] = False
    if others := [one for one in plan.shares if one is not plan.home]:
        facts["shares"] = [{**asdict(one), "source": str(one.source)} for one in others]
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


def read(texts: Mapping[str, str]) -> Record:
    """Read the labels; what another version omitted or mangled gets its default.

    Never raises: the user's other tools, or an image, may have written the labels.
    """
    facts = _facts(texts.get(PREFIX + "profile", ""))
    return Record(
        name=_label(texts, NAME),
        image=_label(texts, PREFIX + "image"),
        variant=_label(texts, PREFIX + "variant"),
        created=_label(texts, CREATED),
        user=_user(facts.get("user")),
        account=_user(facts.get("account")),
        services=tuple(_services(facts.get("services"))),
        screen=_words(facts.get("screen")),
        ready=Ready(**_known(facts.get("ready"), _READY)),
        resources=Resources(**_known(facts.get("resources"), _RESOURCES)),
        home=_known({"home": facts.get("home")}, {"home": _PATH}).get("home", ""),
        homedir=_known({"homedir": facts.get("homedir")}, {"homedir": _PATH}).get("homedir", ""),
        keepable=facts.get("keepable") is not False,
        key=facts.get("key") is not False,
        described=facts.get("described") is not False,
        shares=tuple(_shares(facts.get("shares"))),
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


def _shares(value: object) -> Iterator[Share]:
    for facts in value[:LONGEST] if isinstance(value, list) else []:
        known = _known(facts, _SHARE)
        if "source" in known and "target" in known:
            yield Share(Path(known.pop("source")), **known)


def _words(value: object) -> tuple[str, ...]:
    words = _known({"words": value}, {"words": schema.WORDS}).get("words", ())
    return words if len(words) <= LONGEST else ()


def _known(facts: object, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Return the keys that this version knows, if their values are valid."""
    known = {}
    for key, value in facts.items() if isinstance(facts, dict) else ():
        with suppress(schema.Wrong, KeyError):
            known[key] = rules[key].read(value)
    return known


def _facts(text: object) -> dict[str, Any]:
    if not isinstance(text, str) or len(text) > limits.TEXT_BYTES:
        return {}
    import json  # noqa: PLC0415  (see `labels`)

    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
