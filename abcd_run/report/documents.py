"""The JSON documents of all commands, as types: what docs/json.md describes.

Type checks compare them with the code that prints, and `schema.json` is made from them: no command
that succeeds imports this module.
"""

from typing import Annotated, Literal, NotRequired, TypedDict

StageName = Literal["planned", "fetched", "created", "running", "reachable", "ready"]
OutcomeName = Literal["equal", "unasked", "expected", "differs"]

Bytes = Annotated[int, "in bytes"]
MaybeBytes = Annotated[int | None, "in bytes; null if unknown, or if the runtime decided"]


class Error(TypedDict):
    """Something that went wrong, and what to do about it."""

    code: Annotated[int, "the exit status that this error alone would cause"]
    message: Annotated[str, "one line"]
    details: Annotated[str, "more lines; empty if there are none"]
    remedy: Annotated[str, "what to type or do; empty if there is nothing"]
    runtime: Annotated[str, "where it happened; empty if not applicable"]
    name: Annotated[str, "to which instance or profile; empty if not applicable"]


class Endpoint(TypedDict):
    """A way to reach an instance."""

    service: str
    protocol: str
    url: str


class Resources(TypedDict):
    """What an instance was given."""

    memory: MaybeBytes
    cpus: float | None
    disk: MaybeBytes


class Instance(TypedDict):
    """One launched copy of an image."""

    name: str
    image: str
    variant: str
    runtime: str
    stage: StageName
    created: Annotated[str, "UTC, ISO 8601"]
    endpoints: list[Endpoint]
    password: str
    host_root: Annotated[int | None, "the host uid that uid 0 inside maps to; null if unknown"]
    ready_seconds: Annotated[float | None, "from its creation until it was ready"]
    runtime_id: str
    resources: Resources
    home: Annotated[str | None, "the folder of this host that keeps its user's home"]


class Instances(TypedDict):
    """What a launch prints, and every command that shows or changes instances."""

    instances: list[Instance]
    errors: list[Error]


class Plan(TypedDict):
    """The launch of one instance on one runtime, before anything is touched."""

    name: str
    image: str
    variant: str
    runtime: str
    format: str
    source: str
    memory: MaybeBytes
    cpus: float | None
    services: Annotated[dict[str, int], "the port inside of each"]
    address: str
    ready: str
    timeout: Annotated[float, "in seconds"]
    native: Annotated[str, "what a person would type; empty if the runtime knows nothing"]


class Plans(TypedDict):
    """What `--dry-run` prints."""

    plans: list[Plan]
    errors: list[Error]


class Log(TypedDict):
    """What `logs` prints."""

    name: str
    log: str
    errors: list[Error]


class Executed(TypedDict):
    """What `exec` prints; `status` is null if the command inside was not run."""

    status: int | None
    stdout: str
    stderr: str
    errors: list[Error]


class Errors(TypedDict):
    """What `shell` prints if it fails; otherwise the shell inside has the terminal."""

    errors: list[Error]


class Screenshot(TypedDict):
    """What `screenshot` prints."""

    name: str
    file: str
    errors: list[Error]


class Wall(TypedDict):
    """What `wall` prints, at once."""

    url: str
    errors: list[Error]


class Row(TypedDict):
    """What is not the same everywhere; a runtime that has nothing there is left out."""

    what: str
    values: Annotated[dict[str, str], "by runtime"]
    wanted: Annotated[str | None, "what a goss file demands"]
    reason: NotRequired[Annotated[str, "why it may differ; only among `expected`"]]


class Check(TypedDict):
    """One check of `verify`."""

    check: str
    outcome: OutcomeName
    runtimes: dict[str, OutcomeName]
    differences: list[Row]
    expected: list[Row]
    more: Annotated[int, "how many rows were left out"]
    unasked: Annotated[dict[str, str], "the reason, by runtime"]


class Verified(TypedDict):
    """What `verify` prints."""

    image: str
    equal: bool
    instances: Annotated[dict[str, str], "the instance's name, by runtime"]
    kept: bool
    checks: list[Check]
    notes: list[str]
    errors: list[Error]


class Stopped(TypedDict):
    """What `stop` prints."""

    stopped: list[str]
    errors: list[Error]


class Pruned(TypedDict):
    """What `prune` prints."""

    pruned: list[str]
    kept: Annotated[list[str], "instances that have ended"]
    errors: list[Error]


class Layer(TypedDict):
    """A layer in the local store."""

    digest: str
    size: Bytes
    shared_with: list[str]


class Variant(TypedDict):
    """A variant; its layers only with `--tree`, null if it is not in the local store."""

    name: str
    kind: str
    source: str
    layers: NotRequired[list[Layer] | None]
    shared: NotRequired[MaybeBytes]
    own: NotRequired[MaybeBytes]


class Image(TypedDict):
    """An image that can be launched by name."""

    name: str
    summary: str
    parent: str | None
    lineage: list[str]
    variants: list[Variant]
    unverified: bool
    profile: Annotated[str, "the file"]


class FamilyVariant(TypedDict):
    """A variant behind a family reference, and whether it is in the local store."""

    name: str
    here: bool


class Family(TypedDict):
    """A family reference that is known here."""

    reference: str
    image: str
    digest: str
    variants: list[FamilyVariant]


class Images(TypedDict):
    """What `images` prints."""

    images: list[Image]
    families: list[Family]
    errors: list[Error]


class PulledImage(TypedDict):
    """A variant that a runtime now has, and the engine's name for it."""

    variant: str
    runtime: str
    id: str


class Pulled(TypedDict):
    """What `pull` prints."""

    pulled: list[PulledImage]
    errors: list[Error]


class Built(TypedDict):
    """What `build` prints."""

    built: list[str]
    errors: list[Error]


class CopiedFiles(TypedDict):
    """What was copied; `left_out` are devices, pipes and sockets."""

    files: int
    bytes: Bytes
    left_out: list[str]


class Copied(TypedDict):
    """What `cp` prints; null if it failed."""

    copied: CopiedFiles | None
    errors: list[Error]


class ArtifactFile(TypedDict):
    """An artifact in a file; `beside` are the paths of what belongs to it."""

    variant: str
    format: str
    path: str
    size: Bytes
    beside: list[str]


class Artifact(TypedDict):
    """What `artifact` prints; null if none was written."""

    artifact: ArtifactFile | None
    errors: list[Error]


class PublishedVariant(TypedDict):
    """A variant behind a reference, with its manifest's digest."""

    name: str
    kind: str
    digest: str


class PublishedReference(TypedDict):
    """What lies behind a reference now."""

    reference: str
    word: Annotated[str, "launches it"]
    pinned: Annotated[str, "launches exactly this; empty for a file"]
    digest: str
    variants: list[PublishedVariant]
    size: Bytes
    uploaded: MaybeBytes
    notes: list[str]


class Published(TypedDict):
    """What `publish` prints; null if nothing was published."""

    published: PublishedReference | None
    errors: list[Error]


class Runtime(TypedDict):
    """A runtime, and why it cannot be used if it cannot."""

    name: str
    usable: bool
    version: str
    accepts: list[str]
    problem: str
    remedy: str
    notes: list[str]


class Runtimes(TypedDict):
    """What `runtimes` prints."""

    runtimes: list[Runtime]
    errors: list[Error]


class Advisory(TypedDict):
    """A published weakness of a version that is here."""

    component: str
    version: str
    package: Annotated[str, "the distribution's version, which may contain the fix"]
    ids: list[str]
    fixed: list[str]
    possible: str


class Finding(TypedDict):
    """The result of one check of `doctor`."""

    check: str
    good: bool
    says: str
    remedy: str
    known: list[Advisory]


class Diagnosis(TypedDict):
    """What `doctor` prints; `fits` is null if no image was named."""

    checks: list[Finding]
    known_as_of: Annotated[str, "the date of the list of advisories"]
    fits: int | None
    errors: list[Error]


class Script(TypedDict):
    """What `completion` prints."""

    shell: str
    script: str
    settings: str | None
    errors: list[Error]
