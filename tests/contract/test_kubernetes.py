"""The contract on a real cluster of one node, as a user with a Role in one namespace."""

import json
import os
import subprocess
from contextlib import suppress
from typing import Any

import psutil

from abcd_run.testing.cli import abcd_run
from abcd_run.testing.contract import Document, RuntimeContract
from abcd_run.testing.contract.enduring import OWN_FAILURE
from abcd_run.testing.waiting import until
from tests.restricted import violations

FORWARD = "abcd_run_kubernetes.forwarding"
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

    def test_pod_holds_to_the_restricted_standard(self, instance: Document) -> None:
        """As the server has it, with all that it added."""
        assert violations(kubectl("get", "pod", instance["name"])) == []

    def test_password_is_in_the_secret_alone(self, instance: Document) -> None:
        """Who may read pods reads no password; the Secret goes with its pod."""
        pod, secret = (kubectl("get", kind, instance["name"]) for kind in ("pod", "secret"))
        assert instance["password"] not in json.dumps(pod)
        assert [one["uid"] for one in secret["metadata"]["ownerReferences"]] == [
            pod["metadata"]["uid"]
        ]

    def test_no_right_inside(self, instance: Document) -> None:
        """No capability, none to be gained, no login to the cluster."""
        status = self.inside(instance, "cat", "/proc/self/status")
        facts = dict(line.split(":\t", 1) for line in status.splitlines())
        assert {int(facts[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
        assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
        ended = abcd_run("exec", instance["name"], "--", "ls", "/var/run/secrets")
        assert ended.status != 0

    def test_another_user_is_refused(self, instance: Document) -> None:
        """With the reason, before the cluster is asked."""
        ended = abcd_run("exec", "--user", "root", instance["name"], "--", "id")
        assert (ended.status, "one user" in ended.err) == (OWN_FAILURE, True)

    def test_a_forward_that_was_killed_comes_back(self) -> None:
        """`open` starts it again; `stop` ends it, and the pod's end does."""
        others = forwards()
        with self.launched() as launched:
            (forward,) = forwards() - others
            forward.kill()
            until(lambda: forwards() == others, within=10)
            listed = abcd_run("ps", "--json", "--on", self.runtime).json["instances"]
            (shown,) = (one for one in listed if one["name"] == launched["name"])
            assert shown["endpoints"] == []
            assert abcd_run("open", launched["name"]).status == 0
            (again,) = abcd_run("--json", "wait", launched["name"]).json["instances"]
            assert self.works(again)
            kubectl_says("delete", "pod", launched["name"], "--wait=false")
            until(lambda: forwards() == others, within=30)
            until(lambda: not self._is_there(launched["name"]), within=60)

    def _is_there(self, name: str) -> bool:
        return bool(kubectl("get", "secret", "--field-selector", f"metadata.name={name}")["items"])


def forwards() -> set[psutil.Process]:
    """Return this user's forwards."""
    there = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if process.uids().real == os.getuid() and any(FORWARD in word for word in words):
                there.add(process)
    return there


def kubectl(*words: str) -> Any:
    """Return what kubectl prints about objects."""
    return json.loads(kubectl_says(*words, "--output", "json"))


def kubectl_says(*words: str) -> bytes:
    """Run kubectl, which must succeed, and return what it prints."""
    return subprocess.run(["kubectl", *words], check=True, capture_output=True).stdout
