"""`artifact`: what a runtime would take, as a file."""

from functools import partial
from pathlib import Path

from abcd_run import planner, report, target
from abcd_run.artifact import write
from abcd_run.cancel import heeding
from abcd_run.catalogue import Catalogue
from abcd_run.commands import options
from abcd_run.errors import UsageError
from abcd_run.fleet import Fleet
from abcd_run.progress import progress
from abcd_run.registry import Registry
from abcd_run.request import Request
from abcd_run.units import format_size


def artifact(
    *,
    image: options.Image,
    to: options.Form,
    output: options.Artifact,
    pull: options.Pull = "missing",
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Write what a runtime would take into a file.

    \b
    abcd-run artifact abcd4demo --to oci -o demo.oci.tar      podman load -i demo.oci.tar
    abcd-run artifact abcd4demo --to lxd -o demo.lxd.tar      lxc image import demo.lxd.tar
    abcd-run artifact abcd4demo --to iso -o demo.iso
    """
    _check(output)
    request = Request(image, pull=pull)
    wanted = target.resolve(request, Catalogue.usual(profiles))
    plan = planner.for_artifact(request, wanted, to)
    shown = progress(quiet=quiet)
    say = heeding(partial(shown.say, plan.variant))
    with Fleet(Registry.installed()) as fleet:
        try:
            write(plan, fleet, output, say=say)
        finally:
            shown.close()
    size = output.stat().st_size
    if as_json:
        facts = {"variant": plan.variant, "format": str(to), "path": str(output), "size": size}
        report.print_json({"artifact": facts, "errors": []})
    elif not quiet:
        report.print_facts(f"{plan.variant} is in {output}", {"size": format_size(size)})
    return 0


def _check(out: Path) -> None:
    if not out.parent.is_dir():
        raise UsageError(f"{out.parent}: no such folder", remedy=f"mkdir -p {out.parent}")
    if out.exists() and not out.is_file():
        raise UsageError(f"{out} is no file", remedy="give the name of a file: --output FILE")
