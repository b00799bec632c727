"""The runtime itself: its instances are not processes of this host, and publish no port."""

from typing import ClassVar

from abcd_run.backend import record
from abcd_run.errors import UsageError
from abcd_run.model import Artifact, Endpoint, Instance, Plan, RootHeld
from abcd_run.runtime import Probe, Runtime, Say


class ParrotRuntime(Runtime):
    """Keeps its instances in memory."""

    name = "parrot"
    kept: ClassVar[dict[str, Plan]] = {}

    def probe(self) -> Probe:
        """See the contract."""
        return Probe(version="1")

    def check(self, plan: Plan) -> None:
        """See the contract."""
        if plan.shares:
            raise UsageError("--share: parrots share nothing", remedy="leave it out")

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """See the contract."""
        assert artifact.format == "egg"
        return artifact.name

    def create(self, plan: Plan, image: str) -> str:
        """See the contract."""
        self.kept[plan.name] = plan
        return plan.name

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        return self.instances(runtime_id)[0]

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract."""
        return [
            Instance(
                name=plan.name,
                runtime=self.name,
                runtime_id=plan.name,
                labels=record.labels(plan),
                running=True,
                state="running",
                password=plan.seed.password,
                root=RootHeld.SANDBOX,
                endpoints=(Endpoint("page", "https", f"https://{plan.name}.example/"),),
            )
            for plan in self.kept.values()
            if only in ("", plan.name)
        ]

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        self.kept.pop(runtime_id, None)
