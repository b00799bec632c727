"""The user's kubeconfig: which cluster, as whom, in which namespace, with which registry.

Several files are merged as kubectl merges them: of what has the same name, the first counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError

from abcd_run import limits
from abcd_run.errors import NoRuntime
from abcd_run_kubernetes.files import kubeconfigs

EXTENSION = "abcd-run"
"""The extension of a context with options for all its instances; kubectl leaves it alone."""

USUAL = ("registry", "reach", "node", "ingress_class", "ingress_host")
"""The options that it may have; they are those of `[on.kubernetes]`."""

REMEDY = "kubectl config view"
_PATHS = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where instances go: the cluster and user of a context, and its namespace."""

    config: SingleConfig
    context: str
    namespace: str
    usual: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def registry(self) -> str:
        """Where images of this host go; empty if the kubeconfig names none."""
        return self.usual.get("registry", "")

    @property
    def server(self) -> str:
        """The address of the API server."""
        return str(self.config.cluster.server)


def place() -> Place:
    """Return what the current context says. Raises `NoRuntime`."""
    merged = _merged()
    name = str(merged["current-context"])
    try:
        config = KubeConfig.from_dict(merged).get(name or None)
    except (ConfigError, LookupError, TypeError, ValueError) as error:
        raise NoRuntime(f"the kubeconfig cannot be used: {_brief(error)}", remedy=REMEDY) from error
    if config is None or config.user is None:
        raise NoRuntime(
            "the kubeconfig has no current context with a user",
            remedy="kubectl config use-context NAME",
        )
    return Place(config, name, config.namespace, _usual(merged["contexts"], name))


def _merged() -> dict[str, Any]:
    merged: dict[str, Any] = {"clusters": [], "users": [], "contexts": [], "current-context": ""}
    for path in kubeconfigs():
        if not path.is_file():
            continue
        read = _read(path)
        for kind in ("cluster", "user", "context"):
            known = {one["name"] for one in merged[f"{kind}s"]}
            merged[f"{kind}s"] += [
                one for one in _entries(read, kind, path) if one["name"] not in known
            ]
        merged["current-context"] = merged["current-context"] or read.get("current-context") or ""
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            read = yaml.safe_load(file.read(limits.TEXT_BYTES))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise NoRuntime(f"{path} cannot be read: {_brief(error)}", remedy=REMEDY) from error
    return read if isinstance(read, dict) else {}


def _entries(read: dict[str, Any], kind: str, path: Path) -> Iterator[dict[str, Any]]:
    """Yield what a file lists, its paths absolute: they are relative to the file."""
    listed = read.get(f"{kind}s")
    for one in listed if isinstance(listed, list) else ():
        facts = one.get(kind) if isinstance(one, dict) else None
        if not isinstance(facts, dict) or "name" not in one:
            continue
        for key in _PATHS.get(kind, ()):
            if isinstance(facts.get(key), str):
                facts[key] = str(path.absolute().parent / facts[key])
        if isinstance(facts.get("exec"), dict):
            _known_version(facts["exec"])
        yield one


def _known_version(plugin: dict[str, Any]) -> None:
    """Let lightkube run a plug-in of `v1`, whose answer is that of `v1beta1`."""
    group, _, version = str(plugin.get("apiVersion")).rpartition("/")
    if version == "v1":
        plugin["apiVersion"] = f"{group}/v1beta1"


def _usual(contexts: list[dict[str, Any]], name: str) -> dict[str, str]:
    for one in contexts:
        listed = one["context"].get("extensions") if one["name"] == name else None
        for extension in listed if isinstance(listed, list) else ():
            if isinstance(extension, dict) and extension.get("name") == EXTENSION:
                said = extension.get("extension")
                facts = said if isinstance(said, dict) else {}
                return {key: str(facts[key]) for key in USUAL if facts.get(key)}
    return {}


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
