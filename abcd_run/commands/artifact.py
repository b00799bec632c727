"""`artifact`: write what a runtime would take to a file, or a disk for another hypervisor."""

from typing import TYPE_CHECKING

from abcd_run.commands import machine_options, options
from abcd_run.commands.display import Display
from abcd_run.report import for_people, for_scripts
from abcd_run.session import Session
from abcd_run.units import format_size

if TYPE_CHECKING:  # types alone: they cost no time at start-up
    from abcd_run.report import documents
    from abcd_run.session import Written


def artifact(
    *,
    image: options.Image,
    to: options.Form,
    output: options.Artifact,
    pull: options.Pull = "missing",
    seed: machine_options.Seed = None,
    password_file: machine_options.Password = None,
    hostname: machine_options.Hostname = "",
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Write an image to a file or folder, as a runtime or another hypervisor takes it.

    \b
    abcd-run artifact abcd4demo --to oci -o demo.oci.tar      podman load -i demo.oci.tar
    abcd-run artifact abcd4demo --to lxd -o demo.lxd.tar      lxc image import demo.lxd.tar
    abcd-run artifact abcd4demo --to iso -o demo.iso
    abcd-run artifact abcd4demo --to site -o demo-site        python3 -m http.server -d demo-site
    abcd-run artifact abcd4demo --to netboot -o demo-net      iPXE, pxelinux; see abcd-run netboot
    abcd-run artifact abcd4demo --to kernel -o demo-kernel    Xen, Firecracker, Cloud Hypervisor
    abcd-run artifact abcd4demo --to ova -o demo.ova          VirtualBox, VMware
    abcd-run artifact abcd4demo --to vmx -o demo.vmx          VMware, with demo-disk1.vmdk beside it
    abcd-run artifact abcd4demo --to vhdx -o demo.vhdx        Hyper-V, with demo.vhdx.ps1 beside it
    abcd-run artifact abcd4demo --to qcow2 -o demo.qcow2      QEMU, Proxmox; others: raw, vmdk

    A machine that no runtime starts makes its own password, unless it gets a seed with one:
    --password-file, --hostname, --seed. It is in the initrd (netboot, kernel), or on a second CD
    beside the file, to be attached too. Whoever has it has the password.
    """
    with Display(quiet=quiet) as shown, Session(progress=shown, profiles=profiles) as lab:
        made = lab.artifact(
            image, to, output, pull=pull,
            seed=seed, password_file=password_file, hostname=hostname,
        )  # fmt: skip
    if seed or password_file:
        for_people.print_notes([machine_options.SEED_IS_IN_IT])
    if as_json:
        for_scripts.print_json(_document(made))
    elif not quiet:
        facts = {"size": format_size(made.size)}
        if made.beside:
            facts["beside"] = ", ".join(map(str, made.beside))
        for_people.print_facts(f"{made.variant} is in {output}", facts)
    return 0


def _document(made: "Written") -> "documents.Artifact":
    written: documents.ArtifactFile = {
        "variant": made.variant, "format": made.format, "path": str(made.path), "size": made.size,
        "beside": [str(path) for path in made.beside],
    }  # fmt: skip
    return {"artifact": written, "errors": []}
