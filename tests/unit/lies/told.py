"""The lies: runtimes that are honest except in one respect."""

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace

from abcd_run_box import BACKEND, box
from abcd_run_box.runtime import BoxRuntime, instance_of

from abcd_run.errors import LaunchFailed, NameTaken
from abcd_run.model import Format, Instance, Plan, Resources
from abcd_run.runtime import Backend, Runtime


class Honest(BoxRuntime):
    """No lie at all."""


class MakesUpHostRoot(BoxRuntime):
    """Says of every instance that its root is a subordinate user."""

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        return [replace(one, host_root=100_000) for one in super().instances(only)]


class ForgetsMemory(BoxRuntime):
    """Accepts --memory and ignores it."""

    def create(self, plan: Plan, image: str) -> str:
        return super().create(replace(plan, resources=Resources(cpus=plan.resources.cpus)), image)


class ForgetsCpus(BoxRuntime):
    """Accepts --cpus and ignores it."""

    def create(self, plan: Plan, image: str) -> str:
        kept = Resources(memory=plan.resources.memory)
        return super().create(replace(plan, resources=kept), image)


class LetsWrite(BoxRuntime):
    """Treats --share DIR:PATH:ro as --share DIR:PATH."""

    def create(self, plan: Plan, image: str) -> str:
        shares = tuple(replace(one, read_only=False) for one in plan.shares)
        return super().create(replace(plan, shares=shares), image)


class ListensElsewhere(BoxRuntime):
    """Accepts --address and listens on the default one."""

    def create(self, plan: Plan, image: str) -> str:
        return super().create(replace(plan, address="127.0.0.1"), image)


class StopsFollowing(BoxRuntime):
    """Prints the log so far, also with `logs -f`."""

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        return super().logs(instance, follow=False)


class ShowsOthers(BoxRuntime):
    """Treats everything it has as instances of abcd-run."""

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        there = (one.name for one in box.root().glob("[!.]*"))
        return [instance_of(name) for name in there if only in ("", name)]


class ShowsPassword(BoxRuntime):
    """Passes the password to a command that ends at once."""

    def start(self, runtime_id: str) -> Instance:
        started = super().start(runtime_id)
        subprocess.run(["sh", "-c", "sleep 0.05", "sh", started.password], check=True)
        return started


class FailsOnGone(BoxRuntime):
    """Raises an error if there is nothing to remove."""

    def remove(self, runtime_id: str) -> None:
        if not self.instances(runtime_id):
            raise LaunchFailed(f"no {runtime_id} here")
        super().remove(runtime_id)


class WritesForTerminals(BoxRuntime):
    """Ends each line that a command prints as terminals have it."""

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        line = super().exec_command(instance, command, user=user, tty=tty)
        return ["sh", "-c", '"$@" | sed "s/$/\r/"', "sh", *line]


class BeginsElsewhere(BoxRuntime):
    """Runs commands in a folder that is nobody's home."""

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        moved = ["sh", "-c", 'cd /mnt; exec "$@"', "sh", *(command or ["sh"])]
        return super().exec_command(instance, moved, user=user, tty=tty)


def _every_second_time() -> bool:
    """Return no, yes, no, yes …, across all processes."""
    notes = box.root().with_name("times")
    notes.write_text((notes.read_text() if notes.exists() else "") + "x")
    return len(notes.read_text()) % 2 == 0


class GivesNamesAway(BoxRuntime):
    """Gives a taken name to another instance, every second time."""

    def create(self, plan: Plan, image: str) -> str:
        try:
            return super().create(plan, image)
        except NameTaken:
            if not _every_second_time():
                raise
        box.remove(plan.name)
        return super().create(plan, image)


class RefusesFreeNames(BoxRuntime):
    """Claims that a free name is taken, every second time."""

    def create(self, plan: Plan, image: str) -> str:
        if _every_second_time():
            raise NameTaken(f"there is a {plan.name} already")
        return super().create(plan, image)


class _Backends:
    """The backends of all of them as attributes: entry points name attributes."""

    def __getattr__(self, name: str) -> Backend:
        runtime: type[Runtime] = globals()[name]
        return replace(BACKEND, accepts=(Format.OCI,), open=runtime)


BACKENDS = _Backends()
