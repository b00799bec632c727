"""Ask registries through skopeo, and say what their refusals mean.

skopeo reads its own and Podman's file of credentials: none is ever an argument. Every reference is
passed behind `docker://`, so that none can be taken for an option.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from abcd_run.errors import ArtifactError
from abcd_run.host import install, programs
from abcd_run.limits import JSON_BYTES
from abcd_run.oci.blobs import digest_of
from abcd_run.oci.parse import escaped
from abcd_run.oci.reference import pinned
from abcd_run.oci.reference_parts import is_loopback, registry, repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abcd_run.runtime import Say

ANSWER_SECONDS = 15
"""How long a registry may take to say what a reference names."""

PLAIN_HTTP = "add --plain-http, if you trust the network between"
LONGEST = 1000
"""Characters of skopeo's last words that an error shows."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAMPERED = ("did not match", "does not match", "digest mismatch", "unexpected eof")
_UNSIGNED = ("signature was required", "source image rejected", "rejected by policy")
_PLAIN = ("http response to https client", "first record does not look like a tls handshake")
_CERTIFICATE = ("x509", "certificate")
_CREDENTIALS = ("auth.json", "config.json")
_FORBIDDEN = ("unauthorized", "authentication required", "denied", "forbidden", "no basic auth")
_MISSING = ("manifest unknown", "name unknown", "repository name not known", "not found")
_BROKEN = ("unexpected http status: 5", "internal server error")
_SILENT = (
    "connection refused", "no such host", "timeout", "timed out", "unreachable", "connection reset",
    "deadline exceeded", "temporary failure", "no route", "eof", "server misbehaving",
)  # fmt: skip


class Unknown(ArtifactError):
    """Nobody says what a reference names; `answered` if its registry at least answered."""

    def __init__(
        self, message: str, *, details: str = "", remedy: str = "", answered: bool = False
    ) -> None:
        super().__init__(message, details=details, remedy=remedy)
        self.answered = answered


class NoSkopeo(Unknown):
    """Nobody can be asked: skopeo is not installed."""


def is_plain(reference: str, *, plain_http: bool) -> bool:
    """Say whether a reference's registry may answer without TLS.

    One on loopback may, as for Docker: what it sends crosses no network.
    """
    return plain_http or is_loopback(reference)


def raw(reference: str, *, plain_http: bool) -> bytes:
    """Return the manifest or index that a reference names, checked against its digest if pinned.

    Raises `ArtifactError`.
    """
    checking = ["--tls-verify=false"] if is_plain(reference, plain_http=plain_http) else []
    limit = ["--command-timeout", f"{ANSWER_SECONDS}s"]
    command = ["skopeo", *limit, "inspect", *checking, "--raw", address(reference)]
    try:
        ended = programs.ran(command)
    except FileNotFoundError as error:
        raise needs_skopeo() from error
    if ended.returncode:
        raise meaning(reference, ended.stderr.decode(errors="replace"))
    if len(ended.stdout) > JSON_BYTES:
        raise ArtifactError(f"{reference}: its index is too large", remedy="use another reference")
    if (wanted := pinned(reference)) and digest_of(ended.stdout) != wanted:
        raise tampered(reference, f"expected {wanted}, got {digest_of(ended.stdout)}")
    return ended.stdout


def check(reference: str, *, plain_http: bool) -> None:
    """Raise `ArtifactError` if a registry does not answer, or has no TLS, before long work.

    That it has no such reference yet, or shows it to nobody, says nothing about a push.
    """
    try:
        raw(reference, plain_http=plain_http)
    except Unknown as error:
        if not error.answered or lacks_tls(error.details):
            raise
    except ArtifactError:  # what is there now is going to be replaced
        return


def copy(
    words: Sequence[str],
    *,
    reference: str,
    doing: str,
    say: Say,
    inherited: Sequence[int] = (),
    debug: bool = False,
) -> None:
    """Run `skopeo copy` with these words. Raises `ArtifactError`, about the reference if any.

    Only with `debug` does it say which blobs it sends, among much else.
    """
    command = ["skopeo", *(["--debug"] if debug else []), "copy", *words]
    try:
        programs.run(command, doing=doing, say=say, inherited=inherited)
    except FileNotFoundError as error:
        raise needs_skopeo() from error
    except ArtifactError as error:
        error.details = _last_words(error.details)
        if not reference:
            raise
        raise meaning(reference, error.details) from error


def source_options(reference: str, *, plain_http: bool) -> list[str]:
    """Return the options of `skopeo copy` for the registry that it reads from.

    Signatures are checked as the user's policy wants it; a layout cannot keep them.
    """
    plain = ["--src-tls-verify=false"] if is_plain(reference, plain_http=plain_http) else []
    return ["--remove-signatures", *plain]


def target_options(reference: str, *, plain_http: bool) -> list[str]:
    """Return the options of `skopeo copy` for the registry that it writes to."""
    return ["--dest-tls-verify=false"] if is_plain(reference, plain_http=plain_http) else []


def address(reference: str) -> str:
    """Return a reference as skopeo takes it, which accepts no tag beside a digest."""
    digest = pinned(reference)
    return f"docker://{repository(reference)}@{digest}" if digest else f"docker://{reference}"


def meaning(reference: str, text: str) -> ArtifactError:
    """Return what the failure of a fetch or a push means: the text alone is specific.

    It is `Unknown` unless the registry sent something bad.
    """
    host, low = registry(reference) or "the registry", text.lower()
    details = escaped(_last_words(text))
    if any(sign in low for sign in _TAMPERED) and _DIGEST.search(text):
        return tampered(reference, details)
    if any(sign in low for sign in _UNSIGNED):
        return ArtifactError(
            f"{reference} is refused: your policy wants a signature that it lacks",
            details=details,
            remedy="abcd-run publish --sign-by KEY, by its author; the policy is"
            " ~/.config/containers/policy.json",
        )
    for signs, message, remedy in (
        (_PLAIN, f"{host} has no TLS", PLAIN_HTTP),
        (_CERTIFICATE, f"{host}: its certificate is not trusted",
         f"put its authority's certificate into ~/.config/containers/certs.d/{host}/ca.crt"),
        (_CREDENTIALS, "skopeo cannot read its credentials",
         "export XDG_RUNTIME_DIR=/run/user/$(id -u), or REGISTRY_AUTH_FILE=FILE"),
        (_FORBIDDEN, f"{host} does not allow {reference}", f"skopeo login {host}"),
        (_MISSING, f"{host} has no {reference}",
         f"skopeo list-tags docker://{repository(reference)}"),
        (_BROKEN, f"{host} failed", "try again, or read its log"),
        (_SILENT, f"{host} does not answer",
         "check its name and the network; a launch with --pull never uses what is here"),
    ):  # fmt: skip
        if any(sign in low for sign in signs):
            answered = signs not in (_SILENT, _CREDENTIALS)
            return Unknown(message, details=details, remedy=remedy, answered=answered)
    remedy = f"skopeo inspect --raw {address(reference)}"
    message = f"{reference} could not be copied"
    return Unknown(message, details=details, remedy=remedy, answered=True)


def lacks_tls(text: str) -> bool:
    """Say whether a pull failed because the registry speaks plain HTTP."""
    return any(sign in text.lower() for sign in _PLAIN)


def tampered(reference: str, details: str) -> ArtifactError:
    """Return the error for content that is not what its digest says."""
    digest = _DIGEST.search(details)
    what = f": {digest[0]}" if digest else ""
    return ArtifactError(
        f"{reference}{what} is refused: what the registry sent does not match its digest",
        details=details,
        remedy="ask who publishes it to publish it again",
    )


def needs_skopeo() -> ArtifactError:
    """Return the error for a host without skopeo."""
    return NoSkopeo("skopeo is not installed", remedy=install.line("skopeo"))


def _last_words(text: str) -> str:
    """Return skopeo's error without its log's decoration."""
    lines = [one for one in text.splitlines() if one.strip() and "level=debug" not in one]
    said = [match[1] for line in lines if (match := re.search(r'msg="(.*)"$', line))]
    return " ".join(said or lines[-3:])[-LONGEST:].replace('\\"', '"')
