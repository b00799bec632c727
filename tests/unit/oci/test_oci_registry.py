"""What skopeo is told, and what its failures mean."""

import pytest

from abcd_run.oci import registry
from abcd_run.oci.registry import Unknown

REFERENCE = "r.example:5000/family/abcd4demo:1"
DIGEST, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@pytest.mark.parametrize(
    ("said", "message", "remedy", "answered"),
    [
        ("dial tcp 10.0.0.1:5000: connect: connection refused", "does not answer", "name", False),
        ("dial tcp: lookup r.example: no such host", "does not answer", "--pull never", False),
        ("net/http: TLS handshake timeout", "does not answer", "network", False),
        ("http: server gave HTTP response to HTTPS client", "no TLS", "--plain-http", True),
        ("x509: certificate signed by unknown authority", "not trusted", "certs.d", True),
        ("unauthorized: authentication required", "does not allow", "skopeo login r.example", True),
        ("denied: requested access", "does not allow", "skopeo login r.example:5000", True),
        ("manifest unknown: manifest unknown", "has no r.example", "skopeo list-tags", True),
        ("name unknown: repository name not known", "has no", "skopeo list-tags", True),
        ("open /run/containers/9/auth.json: permission denied", "credentials", "export", False),
        ("received unexpected HTTP status: 500 Internal Server Error", "failed", "log", True),
        ("something new", "could not be copied", "skopeo inspect --raw", True),
    ],
)
def test_what_a_failure_means(said: str, message: str, remedy: str, answered: bool) -> None:
    error = registry.meaning(REFERENCE, f'time="…" level=fatal msg="Error: {said}"\n')
    assert message in error.message
    assert remedy in error.remedy
    assert said in error.details
    assert error.status == 4
    assert isinstance(error, Unknown)
    assert error.answered == answered


def test_what_does_not_match_is_refused_by_name() -> None:
    said = f"writing blob: Digest did not match, expected {DIGEST}, got {OTHER}"
    error = registry.meaning(REFERENCE, f'level=fatal msg="{said}"')
    assert REFERENCE in error.message
    assert DIGEST in error.message
    assert "refused" in error.message
    assert not isinstance(error, Unknown)


def test_what_is_not_signed_is_refused() -> None:
    said = "Source image rejected: A signature was required, but no signature exists"
    error = registry.meaning(REFERENCE, f'level=fatal msg="{said}"')
    assert "signature" in error.message
    assert "policy.json" in error.remedy
    assert not isinstance(error, Unknown)


def test_escapes_of_a_registry_reach_no_terminal() -> None:
    error = registry.meaning(REFERENCE, "\x1b[2J\x07 something new")
    assert error.details.isprintable()


def test_every_reference_is_behind_a_prefix() -> None:
    assert registry.address("-rf/x:1") == "docker://-rf/x:1"
    assert registry.address(f"r.example/x:1@{DIGEST}") == f"docker://r.example/x@{DIGEST}"


@pytest.mark.parametrize(
    ("reference", "plain_http", "plain"),
    [
        ("r.example/x:1", False, False),
        ("r.example/x:1", True, True),
        ("127.0.0.1:5000/x:1", False, True),
        ("localhost:5000/x:1", False, True),
        ("localhost.example:5000/x:1", False, False),
    ],
)
def test_only_loopback_needs_no_tls(reference: str, plain_http: bool, plain: bool) -> None:
    reading = registry.source_options(reference, plain_http=plain_http)
    writing = registry.target_options(reference, plain_http=plain_http)
    assert ("--src-tls-verify=false" in reading) == plain
    assert ("--dest-tls-verify=false" in writing) == plain
