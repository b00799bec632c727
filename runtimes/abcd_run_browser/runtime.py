"""The runtime for machines in a browser's tab."""

import base64
import platform
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from abcd_run.backend import own_process, record
from abcd_run.errors import AbcdRunError, ArtifactError, LaunchFailed
from abcd_run.model import Artifact, Instance, Plan
from abcd_run.runtime import Probe, Runtime, Say
from abcd_run_browser import folder, instances, serving
from abcd_run_browser.folder import Spec

SHOT_SECONDS = 30.0
ADVICE = "a page is ready once somebody opens it: abcd-run open NAME"


class BrowserRuntime(Runtime):
    """The pages of this user."""

    name = instances.RUNTIME

    def probe(self) -> Probe:
        """See the contract."""
        return Probe(version=f"Python {platform.python_version()}", advice=(ADVICE,))

    def check(self, plan: Plan) -> None:
        """See the contract."""
        from abcd_run_browser import checks  # noqa: PLC0415  (`ps` starts faster)

        checks.check(plan)

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """See the contract: the server sends the site's files from where they are."""
        del pull, say
        assert artifact.path is not None
        if not (artifact.path / "machine.json").is_file():
            raise ArtifactError(
                f"{artifact.path} is no site: it has no machine.json", remedy="abcd-run prune"
            )
        return str(artifact.path.absolute())

    def create(self, plan: Plan, image: str) -> str:
        """See the contract."""
        folder.make(plan.name, spec(plan, Path(image)))
        return plan.name

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        there = folder.of(runtime_id)
        serving.start(there)
        return self._there(runtime_id)

    def restart(self, runtime_id: str) -> Instance:
        """See the contract: the page is loaded anew, with a fresh machine."""
        own_process.end(folder.of(runtime_id))
        return self.start(runtime_id)

    def _there(self, runtime_id: str) -> Instance:
        for one in self.instances(runtime_id):
            return one
        raise LaunchFailed("the instance is gone", remedy="abcd-run ps")

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        del detail  # full details cost nothing
        folders = [folder.of(only)] if _is_name(only) else [] if only else folder.every()
        known = [instances.instance(one) for one in folders]
        return [one for one in known if one is not None]

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        if self.instances(runtime_id):
            there = folder.of(runtime_id)
            own_process.end(there)
            there.remove()

    def prune(self) -> None:
        """See the contract."""
        folder.prune()

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """See the contract."""
        name = instance.name
        if tty and not command:
            raise AbcdRunError(f"the shell of {name} is in its tab", remedy=f"abcd-run open {name}")
        there = folder.of(instance.runtime_id)
        if not there.told().get("shown"):
            raise AbcdRunError(f"no tab shows {name}", remedy=f"abcd-run open {name}")
        who = user or record.read(instance.labels).user or "root"
        return own_process.line("abcd_run_browser.inside", str(there.path), who, "--", *command)

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        from abcd_run_browser import console  # noqa: PLC0415

        there = folder.of(instance.runtime_id)
        return console.followed(there) if follow else console.kept(there)

    def screenshot(self, instance: Instance) -> bytes:
        """See the contract."""
        from abcd_run_browser import local  # noqa: PLC0415

        there = folder.of(instance.runtime_id)
        answer = local.ask(there.path, {"ask": "screenshot"}, seconds=SHOT_SECONDS)
        return base64.b64decode(str(answer.get("png", "")))

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        from abcd_run_browser import native  # noqa: PLC0415

        here = artifact.path if artifact.path and artifact.path.exists() else None
        site = here or Path.cwd() / f"{plan.variant}.site"
        made = ["abcd-run", "artifact", plan.variant, "--to", "site", "--output", str(site)]
        first = [] if here else [shlex.join(made)]
        return "\n".join([*first, native.line(plan.name, spec(plan, site))])


def spec(plan: Plan, site: Path) -> Spec:
    """Return what a plan's server must know."""
    env = {f"ABCD_ENV_{name}": value for name, value in plan.env.items()}
    return Spec(
        labels=record.labels(plan),
        user=plan.seed.user,
        password=plan.seed.password,
        seed={**plan.seed.environment(), **env},
        site=str(site.absolute()),
        address=plan.address,
        port=next(iter(plan.ports.values()), 0),
    )


def _is_name(only: str) -> bool:
    return bool(only) and "/" not in only and not only.startswith(".")
