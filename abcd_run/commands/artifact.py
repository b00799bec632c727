"""`artifact`: write what a runtime would take to a file."""

from typing import TYPE_CHECKING

from abcd_run.commands import options
from abcd_run.commands.display import Display
from abcd_run.report import for_people, for_scripts
from abcd_run.session import Session
from abcd_run.units import format_size

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents


def artifact(
    *,
    image: options.Image,
    to: options.Form,
    output: options.Artifact,
    pull: options.Pull = "missing",
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Write an image to a file, or a folder, in a format that a runtime takes.

    \b
    abcd-run artifact abcd4demo --to oci -o demo.oci.tar      podman load -i demo.oci.tar
    abcd-run artifact abcd4demo --to lxd -o demo.lxd.tar      lxc image import demo.lxd.tar
    abcd-run artifact abcd4demo --to iso -o demo.iso
    abcd-run artifact abcd4demo --to site -o demo-site        python3 -m http.server -d demo-site
    """
    with Display(quiet=quiet) as shown, Session(progress=shown, profiles=profiles) as lab:
        made = lab.artifact(image, to, output, pull=pull)
    if as_json:
        written: documents.ArtifactFile = {
            "variant": made.variant, "format": str(to), "path": str(output), "size": made.size,
        }  # fmt: skip
        document: documents.Artifact = {"artifact": written, "errors": []}
        for_scripts.print_json(document)
    elif not quiet:
        for_people.print_facts(f"{made.variant} is in {output}", {"size": format_size(made.size)})
    return 0
