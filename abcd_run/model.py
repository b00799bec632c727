"""The values that flow through a launch: frozen, and free of any runtime's types."""

import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    """A kind of execution context, named like its variants."""

    CONTAINER = "abcdic"
    LIVE = "abcdik"
    BROWSER = "abcdib"


class Format(StrEnum):
    """What a runtime can be given to run; plug-ins add others as plain strings.

    Those from `RAW` on are for hypervisors that no runtime here drives.
    """

    OCI = "oci"
    LXD = "lxd"
    ISO = "iso"
    SITE = "site"
    RAW = "raw"
    QCOW2 = "qcow2"
    VMDK = "vmdk"
    VHDX = "vhdx"
    OVA = "ova"
    VMX = "vmx"
    NETBOOT = "netboot"
    KERNEL = "kernel"


DISKS = (Format.RAW, Format.QCOW2, Format.VMDK, Format.VHDX, Format.OVA, Format.VMX)
"""The formats of disks and appliances, all made from a live ISO."""

WITHOUT_DISK = (Format.NETBOOT, Format.KERNEL)
"""The formats of machines that have no disk, made from a live ISO too."""

FOLDERS = (Format.SITE, *WITHOUT_DISK)
"""The formats that are folders."""


FORMATS: Mapping[Kind, tuple[Format, ...]] = {
    Kind.CONTAINER: (Format.OCI, Format.LXD),
    Kind.LIVE: (Format.ISO, *DISKS, *WITHOUT_DISK),
    Kind.BROWSER: (Format.SITE,),
}
"""The formats that each kind of variant can be turned into."""


class Stage(IntEnum):
    """How far a launch has come."""

    PLANNED = 0
    FETCHED = 1
    CREATED = 2
    RUNNING = 3
    REACHABLE = 4
    READY = 5

    def __str__(self) -> str:
        return self.name.lower()


PROTOCOLS = ("http", "https", "ssh", "vnc", "spice", "tcp")
"""The protocols that a service may speak; viewers are given no others."""


@dataclass(frozen=True, slots=True)
class Service:
    """A port of the instance that people or programs use; `kind` limits it to those variants."""

    name: str
    port: int
    protocol: str = "tcp"
    path: str = "/"
    open: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """When an instance counts as ready: a service answers, its console says so, or a plug-in does.

    `path` is requested instead of the service's own. `lenient` takes any answer from an HTTP server
    as ready, for images without a profile, whose paths are unknown. `timeout` is in seconds. `kind`
    is a check that a plug-in provides, and `options` is what to tell it.
    """

    service: str = ""
    path: str = ""
    console: str = ""
    timeout: float = 60
    lenient: bool = False
    kind: str = ""
    options: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Resources:
    """What an instance gets; sizes in bytes, `None` means the runtime's own default.

    `tab` is a profile's: the memory in a browser's tab, where that is another.
    """

    memory: int | None = None
    cpus: float | None = None
    shm: int | None = None
    disk: int | None = None
    tab: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A folder of the host inside the instance."""

    source: Path
    target: str
    read_only: bool = False


class Origin(StrEnum):
    """Where an artifact comes from."""

    REGISTRY = "registry"
    STORE = "store"
    FILE = "file"
    RECIPE = "recipe"
    ISO = "iso"


BASE = "base"
"""The layer that all variants of an image share."""


@dataclass(frozen=True, slots=True)
class Part:
    """One folder that a layer is built from: an image's base, or its upper layer for a variant."""

    folder: Path
    image: str
    layer: str
    """`base`, or a `Kind`."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that an image's variants are built from.

    `folder` is its own, beside its profile, where there may be none; `parts` are its ancestors' and
    its own, the root's first. `origin` is the OCI image under the base, as a reference or an
    absolute path; empty if the base starts from nothing. `settings` are what the built variants say
    about themselves: OCI's `config`, as JSON.
    """

    folder: Path
    parts: tuple[Part, ...]
    origin: str = ""
    settings: tuple[tuple[Kind, str], ...] = ()

    @property
    def image(self) -> str:
        """The name of the image."""
        return self.folder.name

    def said(self, kind: Kind) -> dict[str, Any]:
        """Return what a built variant says about itself."""
        said: dict[str, Any] = json.loads(dict(self.settings).get(kind, "{}"))
        return said


@dataclass(frozen=True, slots=True)
class Source:
    """Where the variant's image comes from.

    `location` is a registry reference, a name in the local store, a path, or for an ISO a path
    or URL. `name` is what engines call the image. `installs` allows an ISO that installs by
    itself. `recipe` is what the image is built from; `kinds` are the variants to build together,
    because the same request needs them. `stale` says that the recipe has changed since. `digest` is
    that of the manifest in a file that holds several. An image to be `fetched` is brought into the
    local store, and engines load it from there; `plain_http` allows its registry to have no TLS.
    """

    origin: Origin
    location: str
    name: str
    sha256: str = ""
    installs: bool = False
    recipe: Recipe | None = None
    kinds: tuple[Kind, ...] = ()
    stale: bool = False
    digest: str = ""
    fetched: bool = False
    plain_http: bool = False

    @property
    def stored(self) -> str:
        """Its name in the local store: an ancestor's, if the image has no recipe of its own."""
        return self.name.removeprefix("localhost/").removesuffix(":latest")

    def __str__(self) -> str:
        return f"{self.origin} {self.location}"


@dataclass(frozen=True, slots=True)
class Seed:
    """Who the instance is and who may enter it.

    `login` is how its desktop begins, by a profile's word; empty if the image decides.
    """

    hostname: str
    user: str
    password: str = field(repr=False)
    ssh_key: str = ""
    keyboard: str = "us"
    locale: str = "C.UTF-8"
    image: str = ""
    kind: str = ""
    runtime: str = ""
    login: str = ""

    def environment(self) -> dict[str, str]:
        """Return the seed as the environment variables that ABCD images read."""
        login = {"ABCD_LOGIN": self.login} if self.login else {}
        return login | {
            "ABCD_HOSTNAME": self.hostname,
            "ABCD_USER": self.user,
            "ABCD_PASSWORD": self.password,
            "ABCD_SSH_KEY": self.ssh_key,
            "ABCD_KEYBOARD": self.keyboard,
            "ABCD_LOCALE": self.locale,
            "ABCD_IMAGE": self.image,
            "ABCD_VARIANT": self.kind,
            "ABCD_RUNTIME": self.runtime,
        }

    def file(self) -> bytes:
        """Return the seed as the file `/run/abcd/seed`: shell assignments, one per line."""
        pairs = self.environment().items()
        return "".join(f"{key}={shlex.quote(value)}\n" for key, value in pairs).encode()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything decided about one instance on one runtime, before anything is touched.

    `ports` maps a port inside to the host port that the user fixed; the engine chooses one for
    every other service. `account` is the image's user and `uid` its number; it is empty if the
    image decides whom commands run as. `screen` is the command that prints a picture of the image's
    screen, for runtimes that show none. `homedir` is where the user's home is inside, empty if the
    profile does not say; `home` is the share that keeps it, one of `shares`; `keepable` says that
    the runtime can keep one. `exposed` publishes the ports that the image itself exposes; `named`
    says that the user chose the name, so it must not change. `described` says that the image has a
    profile.
    """

    name: str
    image: str
    variant: str
    kind: Kind
    runtime: str
    format: str
    source: Source
    seed: Seed
    profile: str = ""
    account: str = ""
    uid: int = 1000
    homedir: str = ""
    resources: Resources = Resources()
    services: tuple[Service, ...] = ()
    screen: tuple[str, ...] = ()
    exposed: bool = False
    described: bool = True
    address: str = "127.0.0.1"
    ports: Mapping[int, int] = field(default_factory=dict[int, int])
    shares: tuple[Share, ...] = ()
    home: Share | None = None
    keepable: bool = True
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    command: tuple[str, ...] = ()
    ready: Ready = Ready()
    options: Mapping[str, object] = field(default_factory=dict[str, object])
    pull: str = "missing"
    rootful: bool = False
    named: bool = False
    created: str = ""

    def environment(self) -> dict[str, str]:
        """Return the instance's whole environment: its seed, then the user's variables."""
        return {**self.seed.environment(), **self.env}


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a runtime takes.

    With a `path` it is on this disk: an OCI layout or archive (which calls it `reference`), an LXD
    image, or an ISO. Without one, the engine pulls `reference` itself unless it already has that or
    an image called `name`. `name` is what engines call it; `id` is the digest that tells an engine
    that it already has it. `stream` yields the bytes of an artifact that is made while being read,
    for engines that do not need it on disk.
    """

    format: str
    name: str
    reference: str = ""
    path: Path | None = None
    id: str = ""
    stream: Callable[[], Iterator[bytes]] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a person or program reaches an instance."""

    service: str
    protocol: str
    url: str


SILENT = "not answering"
"""The state of an instance that runs but does not answer."""

SUSPENDED = "suspended"
"""The state of an instance whose processes stand still until it is resumed; it counts as silent."""


class RootHeld(StrEnum):
    """How root inside is kept from being root of the host."""

    MAPPED = "mapped"
    """It is a different uid on the host: `Instance.host_root`."""
    USER = "user"
    """The whole instance is a process of `Instance.host_root`, such as a virtual machine."""
    SANDBOX = "sandbox"
    """It has no uid on this host: a browser page, or another computer."""
    UNKNOWN = "unknown"
    """Unknown: refused without `--rootful`."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One launched copy, as its runtime sees it now.

    `ports` maps a port inside to an address and port on the host; `host_root` is the host uid that
    root inside really is, None if unknown, and `root` says how it is held there. `endpoints` are
    the services reached without a published port; `screens` belong to no service. `publishers` are
    the uids, besides this user's, whose processes listen at its ports. A `silent` instance runs but
    does not answer, as its `state` says. One that never `began` was created and not started.
    `stage` is how far it is where its services do not show it and only the runtime knows, because a
    person must first open its page: until then it is REACHABLE, which is all a launch waits for.
    """

    name: str
    runtime: str
    runtime_id: str
    labels: Mapping[str, str]
    running: bool
    state: str = ""
    ports: Mapping[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    password: str = field(default="", repr=False)
    host_root: int | None = None
    root: RootHeld = RootHeld.UNKNOWN
    endpoints: tuple[Endpoint, ...] = ()
    screens: tuple[Endpoint, ...] = ()
    publishers: tuple[int, ...] = ()
    silent: bool = False
    began: bool = True
    stage: Stage | None = None
