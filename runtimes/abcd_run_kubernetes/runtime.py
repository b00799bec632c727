"""Kubernetes as a runtime: an instance is a Pod, with a Secret that belongs to it."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import cached_property

from abcd_run.errors import AbcdRunError, ArtifactError, LaunchFailed, NameTaken, NoRuntime
from abcd_run.model import Artifact, Instance, Plan, Stage
from abcd_run.oci.reference import LOCAL
from abcd_run.runtime import Probe, Problem, Runtime, Say
from abcd_run_kubernetes import (
    beside,
    checks,
    folder,
    forwards,
    images,
    inside,
    instances,
    kubeconfig,
    native,
    reach,
    removal,
    rights,
    starting,
    translate,
)
from abcd_run_kubernetes.errors import translated
from abcd_run_kubernetes.images import Registry
from abcd_run_kubernetes.kubeconfig import Place
from abcd_run_kubernetes.names import object_name
from abcd_run_kubernetes.pods import Pods
from abcd_run_kubernetes.reach import FORWARD, Way
from abcd_run_kubernetes.service import Api, Document

REACH_SECONDS = 2.5
"""How long an answer waits for a forward: commands want one within 4 s."""


OF_CLUSTER = 0
"""Who listens at a node's ports, should this host be one."""


class KubernetesRuntime(Runtime):
    """The namespace of the current context."""

    name = instances.RUNTIME

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._registries: dict[str, Registry | None] = {}

    @cached_property
    def place(self) -> Place:
        """Where instances go. Raises `NoRuntime`."""
        return kubeconfig.place()

    @cached_property
    def _api(self) -> Api:
        with translated("read your kubeconfig", otherwise=NoRuntime):
            return Api(self.place)

    @property
    def api(self) -> Api:
        """The API server; its client is for all threads."""
        with self._lock:
            return self._api

    @cached_property
    def _pods(self) -> Pods:
        return Pods(self._api)

    @property
    def pods(self) -> Pods:
        """The pods that somebody waits for, in any thread."""
        with self._lock:
            return self._pods

    @cached_property
    def _version(self) -> tuple[int, int]:
        with translated("tell its version", otherwise=NoRuntime):
            return rights.version(self.api)[1]

    def probe(self) -> Probe:
        """See the contract."""
        try:
            with translated("answer", otherwise=NoRuntime):
                return rights.probe(self.api)
        except AbcdRunError as error:
            details = f": {error.details}" if error.details else ""
            return Probe(problem=Problem(error.message + details, error.remedy))

    def check(self, plan: Plan) -> None:
        """See the contract."""
        way = self._way(plan)
        checks.check(plan, way)
        registry = self._registry(plan)
        if images.is_here(plan) and registry is None:
            raise images.refuse_here(plan)
        with translated("tell your rights"):
            rights.prove(self.api, way.by)
        # `provide` is told of the image alone.
        self._registries[plan.source.name] = registry

    def _registry(self, plan: Plan) -> Registry | None:
        return images.registry(str(plan.options.get("registry") or self.place.registry))

    def _way(self, plan: Plan) -> Way:
        return reach.chosen(plan, self.place.usual)

    def provide(self, artifact: Artifact, *, pull: str, say: Say) -> str:
        """See the contract: nodes pull what is in a registry, when the pod starts."""
        del pull
        if artifact.path is None:
            if artifact.reference.startswith(LOCAL):
                raise ArtifactError(
                    f"there is no image {artifact.reference}", remedy="abcd-run images"
                )
            return artifact.reference
        registry = self._registries.get(artifact.name)
        if registry is None:
            registry = images.registry(self.place.registry)
        if registry is None:
            raise ArtifactError(
                f"the cluster's nodes cannot get {artifact.name}",
                remedy="--set on.kubernetes.registry=REGISTRY",
            )
        return images.pushed(artifact, registry, say=say)

    def create(self, plan: Plan, image: str) -> str:
        """See the contract: only the Secret, which nothing runs from."""
        checks.prove_free(plan, self._way(plan))
        secret = starting.keeping(translate.secret(plan), self._pod(plan, image))
        name = object_name(plan.name)
        with translated(f"create {plan.name}"):
            if self.api.find("pods", name):
                raise NameTaken(f"there is a pod {name} already")
            self.api.post(self.api.path("secrets"), secret)
        return name

    def _pod(self, plan: Plan, image: str) -> Document:
        ports = images.ports(plan, image, self._registry(plan))
        here = images.is_here(plan)
        return translate.pod(
            plan, image, ports=ports, pushed=here, version=self._version, way=self._way(plan)
        )

    def start(self, runtime_id: str) -> Instance:
        """See the contract."""
        with translated(f"start {runtime_id}"):
            pod, secret = starting.started(self.api, self.pods, runtime_id)
            return self._reached(pod, secret)

    def restart(self, runtime_id: str) -> Instance:
        """See the contract: a new pod in the place of the old one."""
        return self.start(runtime_id)

    def _reached(self, pod: Document, secret: Document | None) -> Instance:
        """Return an instance that people reach, by an earlier forward or a new one if by any."""
        if reach.of(pod).by != FORWARD:
            return self._shown(pod, secret, beside.services(self.api, [pod]))
        there = folder.of(pod["metadata"]["uid"])
        if not there.runs():
            forwards.start(folder.make(folder.spec(pod, self.place)))
        return instances.of_pod(pod, secret, there.ports())

    def _mended(self, pod: Document, secret: Document | None) -> Instance:
        """Return an instance with a forward, if one can be had in time; else it is looked at again.

        On a busy host it may start too late for an answer, and its port may be taken.
        """

        def reach() -> None:
            with suppress(LaunchFailed):
                self._reached(pod, secret)

        starts = threading.Thread(target=reach, daemon=True)
        starts.start()
        starts.join(REACH_SECONDS)
        shown = self._shown(pod, secret, {})
        late = not shown.ports and instances.ports(pod)
        return replace(shown, stage=Stage.RUNNING) if late else shown

    def instances(self, only: str = "", *, detail: bool = True) -> list[Instance]:
        """See the contract: who asks for one in detail is about to use it, and gets a forward."""
        with translated("list your pods", otherwise=NoRuntime):
            return self._called(object_name(only), mend=detail) if only else self._each()

    def _called(self, name: str, *, mend: bool) -> list[Instance]:
        pod, secret = self.api.find("pods", name), self.api.find("secrets", name)
        if pod is not None and instances.are_ours(pod):
            if mend and instances.runs(pod) and reach.of(pod).by == FORWARD:
                return [self._mended(pod, secret)]
            return [self._shown(pod, secret, beside.services(self.api, [pod]))]
        return [instances.of_secret(secret)] if secret and instances.are_ours(secret) else []

    def _each(self) -> list[Instance]:
        pods, secrets = (self.api.ours(kind) for kind in ("pods", "secrets"))
        by_name = {one["metadata"]["name"]: one for one in secrets if instances.are_ours(one)}
        ours = [one for one in pods if instances.are_ours(one)]
        services = beside.services(self.api, ours)
        shown = [
            self._shown(one, by_name.pop(one["metadata"]["name"], None), services) for one in ours
        ]
        return [*shown, *map(instances.of_secret, by_name.values())]

    def _shown(
        self, pod: Document, secret: Document | None, services: Mapping[str, Document]
    ) -> Instance:
        way = reach.of(pod)
        if way.by == FORWARD:
            return instances.of_pod(pod, secret, folder.of(pod["metadata"]["uid"]).ports())
        at_node = reach.at_node(way, pod, services.get(beside.name_of(pod)))
        shown = instances.of_pod(pod, secret, at_node)
        pages = way.endpoints() if shown.running else ()
        return replace(shown, endpoints=pages, publishers=(OF_CLUSTER,))

    def remove(self, runtime_id: str) -> None:
        """See the contract."""
        with translated(f"remove {runtime_id}"):
            removal.remove(self.api, self.pods, runtime_id)

    def prune(self) -> None:
        """See the contract: folders whose process was killed, and forwards to pods of nowhere."""
        for there in folder.every():
            if not there.runs():
                there.remove()

    def exec_command(
        self, instance: Instance, command: Sequence[str], *, user: str, tty: bool
    ) -> list[str]:
        """See the contract."""
        return inside.line(self.place, instance, command, user=user, tty=tty)

    def one_user(self, instance: Instance) -> str:
        """See the contract."""
        return "" if inside.may_be_another(instance) else "a pod's only user may not read it"

    def logs(self, instance: Instance, *, follow: bool) -> Iterator[bytes]:
        """See the contract."""
        # A client of its own: a cancelled read closes its connection, which others may not share.
        with translated("read the log"), closing(Api(self.place)) as own:
            path = own.path("pods", instance.runtime_id, sub="log")
            yield from own.lines(path, **({"follow": "true"} if follow else {}))

    def native(self, plan: Plan, artifact: Artifact) -> str:
        """See the contract."""
        registry = self._registry(plan)
        first, image = [], artifact.reference
        if artifact.path is not None and registry is not None:
            first, image = [images.push_line(artifact, registry)], registry.tagged(artifact)
        pod = self._pod(plan, image)
        more = (document for _, document in beside.manifests(pod))
        documents = (translate.secret(plan), pod, *more)
        place = self.place
        return native.lines(
            documents, context=place.context, namespace=place.namespace, first=first
        )

    def close(self) -> None:
        """See the contract."""
        if "_pods" in self.__dict__:
            self._pods.close()
        if "_api" in self.__dict__:
            self._api.close()
