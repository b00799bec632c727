"""A runtime without an engine: each instance is a box of the user's own namespaces.

It passes the contract suite; each lying variant in `tests/unit/lies` must fail it.
"""

import json
import shlex
import sys
import time
from collections.abc import Iterator, Sequence

from abcd_run.backend import record
from abcd_run.errors import ArtifactError, LaunchFailed
from abcd_run.host import this_host
from abcd_run.model import Artifact, Instance, Plan, RootHeld
from abcd_run.runtime import Probe, Problem, Runtime, Say
from abcd_run_box import box

IMAGE = "localhost/abcdicpage:1"
POLL_SECONDS = 0.02


class BoxRuntime(Runtime):
    """The user's boxes."""

    name = "box"

    def probe(self) -> Probe:
        """See the contract."""
        if problem := box.problem():
            return Probe(problem=Problem(f"users get no namespaces here: {problem}"))
        return Probe(version="1")

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """See the contract."""
        if artifact.reference != IMAGE:
            raise ArtifactError(f"no image {artifact.reference}", remedy="abcd-run images")
        return IMAGE

    def create(self, plan: Plan, image: str) -> str:
        """See the contract."""
        box.make(_spec(plan))
        return plan.name

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        box.start(runtime_id)
        (started,) = self.instances(runtime_id)
        return started

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        names = [only] if only else sorted(one.name for one in box.root().glob("[!.]*"))
        return [one for one in map(instance_of, names) if record.MARK in one.labels]

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        if self.instances(runtime_id):
            box.remove(runtime_id)

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """See the contract."""
        if not box.running(instance.name):
            raise LaunchFailed(f"{instance.name} does not run")
        return box.command(instance.name, command, user=user)

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        with (box.root() / instance.name / "log").open("rb") as log:
            while True:
                runs = box.running(instance.name)
                if piece := log.read():
                    yield piece
                elif not (follow and runs):
                    return
                else:
                    time.sleep(POLL_SECONDS)

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        told = shlex.quote(json.dumps(_spec(plan)))
        return f"printf %s {told} | {shlex.quote(sys.executable)} -m {box.__name__}"


def _spec(plan: Plan) -> box.Spec:
    seed = plan.seed
    return {
        "name": plan.name,
        "labels": record.labels(plan),
        "user": seed.user,
        "password": seed.password,
        "seed": seed.file().decode(),
        "text": f"{seed.image} {seed.runtime} {seed.hostname}",
        "address": plan.address,
        "port": plan.ports.get(8080, 0),
        "memory": plan.resources.memory,
        "cpus": plan.resources.cpus,
        "shares": [[str(one.source), one.target, one.read_only] for one in plan.shares],
        "env": dict(plan.env),
        "command": list(plan.command),
    }


def instance_of(name: str) -> Instance:
    folder = box.root() / name
    spec, started = box.read(folder / "spec.json"), box.read(folder / "started.json")
    pid = box.running(name)
    return Instance(
        name=name,
        runtime=BoxRuntime.name,
        runtime_id=name,
        labels=spec.get("labels", {}),
        running=bool(pid),
        state="running" if pid else "ended" if started else "created",
        ports={int(key): (at[0], at[1]) for key, at in started.get("ports", {}).items()},
        password=spec.get("password", ""),
        host_root=this_host.uid_map_root(pid) if pid else None,
        root=RootHeld.MAPPED if pid else RootHeld.UNKNOWN,
    )
