"""The contract on a real cluster of one node, as a user with a Role in one namespace."""

import json
import subprocess
from typing import Any

from abcd_run.testing.contract import RuntimeContract

RIGHTS = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
HARMLESS = json.dumps({"spec": {"securityContext": RIGHTS}})
"""What the cluster wants of everybody's pods."""


class TestKubernetes(RuntimeContract):
    """The namespace of the test user."""

    runtime = "kubernetes"
    keeps_files = False  # another pod takes its place, perhaps on another node
    no_root = "a pod is on another computer, and nobody inside is root"
    no_shares = "a pod has no folders of this host"
    one_user = "a pod has one user, and no way to become another"
    foreign = f"kubectl run \"$NAME\" --image registry.invalid/nothing:1 --overrides '{HARMLESS}'"
    foreign_gone = 'kubectl delete --wait=false pod "$NAME"'


def kubectl(*words: str) -> Any:
    """Return what kubectl prints about objects."""
    line = ["kubectl", *words, "--output", "json"]
    return json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
