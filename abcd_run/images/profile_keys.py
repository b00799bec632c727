"""The keys that a profile may have, and what each may say."""

from abcd_run import schema
from abcd_run.host import bounded_match
from abcd_run.model import PROTOCOLS, Kind

WAYS = ("console", "service", "kind")
"""The ways to tell that an instance is ready; a profile uses one of them."""

FILES = ("goss", "needle")
CHECKS = ("command", *FILES, "differs")
"""The kinds of an entry of `verify`, each with a key of that name; some name a file."""

LOGINS = ("session", "greeter")
"""How a desktop begins: in the person's session, or by a question for their password."""

REFERENCE_PATTERN = (
    r"(?P<path>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::[0-9]+(?=/))?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?P<digest>@sha256:[0-9a-f]{64})?"
)
REFERENCE = schema.matching(
    REFERENCE_PATTERN, "an image reference: registry/name:tag or name@sha256:DIGEST, in lower case"
)
_BUILT: schema.Shape = {
    "entrypoint": schema.WORDS,
    "stop_signal": schema.matching(r"SIG[A-Z0-9+-]{2,12}", "a signal's name: SIGTERM"),
    "labels": schema.LABELS,
}
"""What a built image says about itself."""
_SERVICE: schema.Shape = {
    "port": schema.PORT,
    "protocol": schema.one_of(*PROTOCOLS),
    "path": schema.URL_PATH,
    "open": schema.FLAG,
    "variant": schema.one_of(*Kind),
}
SHAPE: schema.Shape = {
    "summary": schema.STRING,
    "parent": schema.STRING,
    "user": schema.USER,
    "uid": schema.UID,
    "home": schema.FLAG,
    "homedir": schema.INSIDE,
    "login": schema.one_of(*LOGINS),
    "unverified": schema.FLAG,
    "runtimes": schema.STRINGS,
    "base": {"image": REFERENCE, "archive": schema.FILE},
    Kind.CONTAINER: {"image": REFERENCE, "archive": schema.FILE, **_BUILT},
    Kind.LIVE: {
        "iso": schema.FILE,
        "sha256": schema.SHA256,
        "installs": schema.FLAG,
        "image": REFERENCE,
        "archive": schema.FILE,
        **_BUILT,
    },
    Kind.BROWSER: {"image": REFERENCE, "archive": schema.FILE, **_BUILT},
    "resources": {
        "memory": schema.SIZE,
        "cpus": schema.NUMBER,
        "shm": schema.SIZE,
        "disk": schema.SIZE,
        "tab": schema.SIZE,
    },
    "services": schema.Named(_SERVICE),
    "screen": {"command": schema.WORDS},
    "ready": {
        "service": schema.STRING,
        "path": schema.URL_PATH,
        "console": bounded_match.EXPRESSION,
        "timeout": schema.NUMBER,
        "kind": schema.SERVICE,
        "options": schema.TABLE,
    },
    "verify": schema.Listed(
        {
            "name": schema.STRING,
            "command": schema.WORDS,
            "goss": schema.FILE,
            "needle": schema.FILE,
            "differs": schema.WORDS,
            "expected": schema.STRING,
        }
    ),
    "on": schema.TABLE,
}
"""All keys of a profile; `on.RUNTIME` is checked against the options that runtime declares."""
