"""Pods of a Kubernetes cluster, through lightkube and the user's kubeconfig."""

import shutil

from abcd_run.model import Format
from abcd_run.runtime import Backend, Problem, Runtime
from abcd_run_kubernetes import options
from abcd_run_kubernetes.files import kubeconfigs

NAME = "kubernetes"


def _missing() -> Problem | None:
    if not any(path.is_file() for path in kubeconfigs()):
        return Problem(
            "there is no kubeconfig",
            "ask the cluster's owner for one, and put it at ~/.kube/config",
        )
    if shutil.which("kubectl") is None:
        return Problem("kubectl is not installed", "sudo apt install kubernetes-client")
    return None


def _open() -> Runtime:
    from abcd_run_kubernetes.runtime import KubernetesRuntime  # noqa: PLC0415

    return KubernetesRuntime()


BACKEND = Backend(
    name=NAME,
    preference=900,  # what is on this host is tried first
    accepts=(Format.OCI,),
    missing=_missing,
    open=_open,
    no_folders=True,
    options=options.OPTIONS,
    trusts=options.trusts,
    takes_command=True,
    sdk="lightkube",
    elsewhere=True,
    at_once=32,  # its nodes are many, and its API server says when it has enough
)
"""The runtime for pods."""
