"""Time OCI image -> LXD image: abcd-run against skopeo + umoci + tar with the same compression.

Needs root, for umoci; `tests/bench/conversion` runs it as root of a box:

    python tests/bench/oci_to_lxd.py [--archive FILE] [--runs 5]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

PACKAGES = "python3,perl,gcc,git,systemd-sysv,openssh-server,vim,libgl1-mesa-dri"
OURS = """
import sys
from pathlib import Path
from abcd_run.oci.lxd import write_lxd_image
from abcd_run.oci.reader import open_image
write_lxd_image(open_image(sys.argv[1]), Path(sys.argv[3]), compression=sys.argv[2])
"""
THEIRS = """
set -e
skopeo copy --quiet "oci-archive:$1" oci:layout:it
umoci unpack --image layout:it bundle 2>/dev/null
printf 'architecture: x86_64\ncreation_date: 1\n' >bundle/metadata.yaml
tar --create --numeric-owner --xattrs --xattrs-include='*' --directory=bundle \
  metadata.yaml rootfs | case $2 in zstd) zstd --quiet -1 -T0 ;; gzip) gzip -1 ;; esac >"$3"
"""


HEAD = """
## OCI image to LXD image

`abcd-run artifact --to lxd` against `skopeo copy`, `umoci unpack` and `tar` with the same
compression, as root, on an image of three layers, {size} MiB as an archive. The peak is the memory
of a side's largest process.

| compression | runs | ours, s | peak, MiB | native, s | peak, MiB | times as fast |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Run:
    """One conversion: how long, how much memory at most."""

    seconds: float
    peak_mib: float


def build(folder: Path) -> Path:
    """Make an OCI archive of a Debian image in three layers."""
    layout = f"{folder}/layout:it"
    subprocess.run(["umoci", "init", "--layout", f"{folder}/layout"], check=True)
    subprocess.run(["umoci", "new", "--image", layout], check=True)
    for number, include in enumerate(["ca-certificates", PACKAGES]):
        tar = folder / f"{number}.tar"
        command = ["mmdebstrap", "--variant=minbase", f"--include={include}", "bookworm", str(tar)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        subprocess.run(["umoci", "raw", "add-layer", "--image", layout, str(tar)], check=True)
    noise = folder / "noise"
    noise.write_bytes(os.urandom(100 << 20))
    subprocess.run(["umoci", "insert", "--image", layout, str(noise), "/opt/noise"], check=True)
    command = ["umoci", "config", "--image", layout, "--config.cmd", "/sbin/init"]
    subprocess.run(command, check=True)
    archive = folder / "image.tar"
    copy = ["skopeo", "copy", "--quiet", f"oci:{layout}", f"oci-archive:{archive}"]
    subprocess.run(copy, check=True)
    return archive


def timed(command: list[str]) -> Run:
    """Run one conversion in an empty folder; the peak is that of its largest process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        os.sync()
        start = time.monotonic()
        child = subprocess.Popen([*command, str(out)], cwd=folder)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"{command[0]} failed with status {child.returncode}")
        return Run(seconds, usage.ru_maxrss / 1024)


def line(compression: str, fast: list[Run], slow: list[Run]) -> str:
    """Return a row of the table: medians with their range, and the larger peak of each side."""
    ratio = median(run.seconds for run in slow) / median(run.seconds for run in fast)
    sides = [cell for runs in (fast, slow) for cell in (_seconds(runs), _peak(runs))]
    return f"| {compression} | {len(fast)} | {' | '.join(sides)} | {ratio:.1f} |\n"


def _seconds(runs: list[Run]) -> str:
    taken = [run.seconds for run in runs]
    return f"{median(taken):.2f} ({min(taken):.2f} to {max(taken):.2f})"


def _peak(runs: list[Run]) -> str:
    return f"{max(run.peak_mib for run in runs):.0f}"


def main() -> None:
    """Compare, with both compressions, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", type=Path, help="an OCI archive; default: build one")
    parser.add_argument("--build", type=Path, help="build one, and nothing else")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp())
    try:
        if options.build:
            shutil.move(build(work), options.build)
            return
        archive = str((options.archive or build(work)).resolve())
        os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
        sys.stdout.write(HEAD.format(size=Path(archive).stat().st_size >> 20))
        for compression in ("zstd", "gzip"):
            ours = [sys.executable, "-c", OURS, archive, compression]
            theirs = ["sh", "-c", THEIRS, "sh", archive, compression]
            pairs = [(timed(ours), timed(theirs)) for _ in range(options.runs)]
            fast, slow = ([pair[side] for pair in pairs] for side in (0, 1))
            sys.stdout.write(line(compression, fast, slow))
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
