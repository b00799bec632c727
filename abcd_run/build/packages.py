"""Layers that a program inside makes: the package manager for `packages`, and `setup`."""

import json
import os
import shlex
import shutil
from base64 import b64encode
from pathlib import Path

from abcd_run import limits
from abcd_run.build.bench import Bench
from abcd_run.build.engine import above
from abcd_run.build.stack import Stack, Step
from abcd_run.errors import ArtifactError
from abcd_run.host.bounded_output import printed
from abcd_run.images.recipe import CONTAINERFILE, PACKAGES, SETUP
from abcd_run.model import Part
from abcd_run.oci.compose import add_layer
from abcd_run.oci.layers import open_layer
from abcd_run.oci.model import Layer

INSTALL = """\
set -euf
export DEBIAN_FRONTEND=noninteractive
if command -v apt-get >/dev/null; then
    printf '%s\\n' "$apt" >/tmp/apt.conf
    export APT_CONFIG=/tmp/apt.conf
    list=/etc/apt/sources.list
    cp $list /tmp/sources.list
    [ -z "$mirror" ] || sed -i "s,http://deb.debian.org/debian ,$mirror ," $list
    apt-get -q update
    apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io install $packages
    cp /tmp/sources.list $list
    apt-get -q clean
    set +f
    rm -rf /tmp/apt.conf /tmp/sources.list /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt
    rm -f /var/log/dpkg.log /var/log/alternatives.log /var/cache/ldconfig/aux-cache
elif command -v apk >/dev/null; then
    apk add --no-cache $packages
elif command -v dnf >/dev/null; then
    dnf -y --setopt=install_weak_deps=False install $packages
    dnf clean all
else
    echo "the base has none of apt-get, apk and dnf" >&2
    exit 1
fi
"""
"""What installs `packages` inside, by way of `mirror` and with `apt` as settings."""

SET_UP = """\
set -eu
printf '%s' "$setup" >/tmp/setup
chmod 755 /tmp/setup
/tmp/setup
rm /tmp/setup
"""
"""What runs `setup` inside."""


def installed(part: Part, key: str, stack: Stack, bench: Bench) -> Step:
    """Return the step that installs a folder's packages. Raises `ArtifactError`."""
    given = {
        "packages": " ".join(words(part.folder / PACKAGES)),
        "apt": _apt(),
        "mirror": os.environ.get("ABCD_RUN_DEBIAN_MIRROR", ""),
    }
    return Step(key, _ran(part, PACKAGES, _with(given) + INSTALL, stack, bench))


def set_up(part: Part, key: str, stack: Stack, bench: Bench) -> Step:
    """Return the step of what a folder's `setup` changes. Raises `ArtifactError`."""
    given = {"setup": (part.folder / SETUP).read_text()}
    return Step(key, _ran(part, SETUP, _with(given) + SET_UP, stack, bench))


def _with(given: dict[str, str]) -> str:
    return "".join(f"{word}={shlex.quote(text)}\n" for word, text in given.items())


def _ran(part: Part, way: str, script: str, stack: Stack, bench: Bench) -> tuple[Layer, ...]:
    """Return the layers of what a script changes, run as root over a stack."""
    engine, name = bench.engine(), f"{part.image}-{part.layer}"
    context = bench.work / name
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir()
    below = engine.offer(stack, name, bench.store, say=bench.say)
    # In one line: an engine repeats what has failed, which would hide why.
    packed = b64encode(script.encode()).decode()
    run = json.dumps(["/bin/sh", "-c", f'eval "$(echo {packed} | base64 -d)"'])
    (context / CONTAINERFILE).write_text(f"FROM {below}\nUSER 0\nRUN {run}\n")
    try:
        with engine.built(context, name, say=bench.say) as image:
            own = above(image, stack)
            return tuple(add_layer(bench.store, open_layer(own, one)) for one in own.layers)
    except ArtifactError as error:
        error.message = f"{part.folder / way}: {error.message}"
        raise


def words(file: Path) -> list[str]:
    """Return the words of a list without its comments; none if there is no file."""
    if not file.exists():
        return []
    lines = (line.partition("#")[0] for line in file.read_text().splitlines())
    return [word for line in lines for word in line.split()]


def _apt() -> str:
    """Return how this host's apt gets through its network, in apt's own terms."""
    if shutil.which("apt-config") is None:
        return ""
    names = ("http::Proxy", "https::Proxy", "Retries", "Check")
    wanted = tuple(f"Acquire::{name}" for name in names)
    dump = printed(["apt-config", "dump"], seconds=10, most=limits.TEXT_BYTES).out
    lines = dump.decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if line.startswith(wanted))
