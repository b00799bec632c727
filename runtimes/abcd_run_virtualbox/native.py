"""The commands a person would type to carry out a plan."""

import shlex
from collections.abc import Mapping

from abcd_run.backend.vm import here_document
from abcd_run.model import Plan
from abcd_run_virtualbox import translate
from abcd_run_virtualbox.service import as_file
from abcd_run_virtualbox.translate import Machine

NATIVE = "VBoxManage"


def lines(plan: Plan, there: Machine, seed: Mapping[str, str]) -> str:
    """Return the shell lines that create and start a machine; xorriso makes its seed CD."""
    folder = shlex.quote(str(there.folder))
    names = " ".join(f"-map {folder}/{name} /{name}" for name in seed)
    typed = ["umask 077", _line(translate.creation(plan))]
    for name, content in seed.items():
        typed += here_document(f"cat >{folder}/{name}", content)
    typed += [f"xorriso -outdev {folder}/seed.iso -volid cidata -joliet on {names}"]
    typed += ["rm " + " ".join(f"{folder}/{name}" for name in seed)]
    typed += [_line(line) for line in translate.shape(plan, there, plan.name)]
    typed += [_line(translate.closing(plan.name))]
    if there.screen:
        secret = as_file(translate.screen(plan, there, plan.name))
        typed += here_document(f"cat >{folder}/screen", secret)
        typed += [f"{NATIVE} @{folder}/screen", f"rm {folder}/screen"]
    typed += [_line(["startvm", plan.name])]
    return "\n".join(typed)


def _line(arguments: list[str]) -> str:
    return shlex.join([NATIVE, *arguments])
