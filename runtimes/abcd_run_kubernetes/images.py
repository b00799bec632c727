"""Images for the cluster's nodes, which pull them: what is on this host goes to a registry first.

An image is pushed once, under a tag made from its own digest, and named by the digest of what the
registry then has.
"""

import hashlib
import json
import re
import shutil
from dataclasses import dataclass

from abcd_run import limits
from abcd_run.backend import image_ports
from abcd_run.backend.oci_images import archived
from abcd_run.concurrency.cancel import check
from abcd_run.errors import ArtifactError, UsageError
from abcd_run.host import locks, programs, scratch, xdg
from abcd_run.model import Artifact, Origin, Plan
from abcd_run.oci.reference import LOCAL, pinned
from abcd_run.runtime import Say

DIGITS = 40
PLAIN = "http://"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Registry:
    """Where images of this host go; `address` may have folders. `plain` is one without TLS."""

    address: str
    plain: bool = False

    def name(self, artifact: Artifact) -> str:
        """Return what an image is called there, without tag."""
        last = artifact.name.removeprefix(LOCAL).rpartition("/")[2].partition("@")[0]
        word = _NOT_IN_NAMES.sub("-", last.partition(":")[0].lower()).strip("-._")
        return f"{self.address}/{word or 'image'}"

    def tagged(self, artifact: Artifact) -> str:
        """Return what an image is called there, with a tag that no other image has."""
        said = artifact.id or hashlib.sha256(str(artifact.path).encode()).hexdigest()
        return f"{self.name(artifact)}:{said.removeprefix('sha256:')[:DIGITS]}"

    def options(self, prefix: str) -> list[str]:
        """Return the options of skopeo for this registry."""
        return [f"--{prefix}tls-verify=false"] if self.plain else []


def registry(text: str) -> Registry | None:
    """Return the registry that an option or a kubeconfig names; None without one."""
    if not text:
        return None
    address = text.removeprefix(PLAIN).removeprefix("https://").rstrip("/")
    return Registry(address, plain=text.startswith(PLAIN))


def is_here(plan: Plan) -> bool:
    """Say whether a plan's image is on this host, and no node can pull it."""
    return plan.source.fetched or plan.source.origin is not Origin.REGISTRY


def refuse_here(plan: Plan) -> UsageError:
    """Return the error for an image of this host without a registry to push it to."""
    return UsageError(
        f"the cluster's nodes cannot get {plan.source.name}: it is on this host only",
        details="nodes pull images from a registry",
        remedy="--set on.kubernetes.registry=REGISTRY, one that nodes reach and you may push to",
    )


def pushed(artifact: Artifact, to: Registry, *, say: Say) -> str:
    """Push an image unless the registry has it; return its name there, by digest.

    Raises `ArtifactError` with skopeo's own words.
    """
    if shutil.which("skopeo") is None:
        raise ArtifactError("skopeo is not installed", remedy="sudo apt install skopeo")
    there = to.tagged(artifact)
    with locks.locked(xdg.cache() / "push" / hashlib.sha256(there.encode()).hexdigest()[:16]):
        if not (digest := _known(there, to) if artifact.id else ""):
            say(f"pushing {artifact.name} to {to.address}")
            _push(artifact, there, to, say)
            digest = _known(there, to)
    if not digest:
        raise ArtifactError(
            f"{there} was pushed and is not there", remedy=f"skopeo inspect {there}"
        )
    return f"{to.name(artifact)}@{digest}"


def _known(there: str, to: Registry) -> str:
    """Return the digest of what the registry has; empty if it has nothing."""
    line = ["skopeo", "inspect", *to.options(""), "--format", "{{.Digest}}", f"docker://{there}"]
    ended = programs.ran(line)
    said = ended.stdout.decode(errors="replace").strip()
    return said if ended.returncode == 0 and _DIGEST.fullmatch(said) else ""


def _push(artifact: Artifact, there: str, to: Registry, say: Say) -> None:
    if place := _layout(artifact):
        _copy(place, there, to, say)
        return
    with scratch.held(xdg.cache() / "push", "archive-") as folder:
        file = folder / "image.tar"
        with file.open("wb") as out:
            for piece in archived(artifact):
                check()
                out.write(piece)
        _copy(f"docker-archive:{file}", there, to, say)


def _copy(place: str, there: str, to: Registry, say: Say) -> None:
    line = ["skopeo", "copy", *to.options("dest-"), place, f"docker://{there}"]
    programs.run(line, doing=f"pushing to {to.address}", say=say)


def _layout(artifact: Artifact) -> str:
    """Return what skopeo calls an image in a layout; empty if it has no name there."""
    path, name = artifact.path, artifact.reference
    if path is None or not path.is_dir() or not name or pinned(f"x@{name}").startswith("sha256:"):
        return ""
    return f"oci:{path}:{name}"


def push_line(artifact: Artifact, to: Registry) -> str:
    """Return the line that a person types to push an image."""
    import shlex  # noqa: PLC0415  (only --dry-run)

    place = _layout(artifact) or f"oci-archive:{artifact.path}"
    there = f"docker://{to.tagged(artifact)}"
    return shlex.join(["skopeo", "copy", "--quiet", *to.options("dest-"), place, there])


def ports(plan: Plan, image: str, to: Registry | None) -> list[int]:
    """Return the ports of a plan's services, or those that its image exposes."""
    if not plan.exposed:
        return [service.port for service in plan.services]
    plain = to.options("") if to and image.startswith(f"{to.address}/") else []
    ended = programs.ran(["skopeo", "inspect", "--config", *plain, f"docker://{image}"])
    try:
        config = json.loads(ended.stdout[: limits.JSON_BYTES]).get("config") or {}
        return image_ports.exposed_tcp(list(config.get("ExposedPorts") or {}))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(
            f"nobody knows which ports {image} has",
            details=ended.stderr.decode(errors="replace").strip()[-1000:],
            remedy="name them: --set services.web.port=8080",
        ) from error
