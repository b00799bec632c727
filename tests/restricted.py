"""The "restricted" of Kubernetes' Pod Security Standards, rule by rule, for a pod as a document.

By https://kubernetes.io/docs/concepts/security/pod-security-standards/, which names the fields.
"""

from collections.abc import Iterator, Mapping
from typing import Any

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
           "projected", "secret"}  # fmt: skip
SECCOMP = {"RuntimeDefault", "Localhost"}
SYSCTLS = {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
           "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range"}  # fmt: skip

Document = Mapping[str, Any]


def violations(pod: Document) -> list[str]:
    """Return what a pod has or lacks against the standard; empty if it holds to all of it."""
    spec = pod["spec"]
    kinds = ("initContainers", "containers", "ephemeralContainers")
    containers = [one for kind in kinds for one in spec.get(kind) or ()]
    wrong = [*_of_pod(spec, pod["metadata"].get("annotations") or {})]
    for one in containers:
        wrong += [f"{one['name']}: {what}" for what in _of_container(one, spec)]
    return wrong


def _of_pod(spec: Document, annotations: Document) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield key
    for volume in spec.get("volumes") or ():
        yield from (f"volume {kind}" for kind in volume.keys() - {"name"} - VOLUMES)
    rights = spec.get("securityContext") or {}
    yield from (f"sysctl {one['name']}" for one in rights.get("sysctls") or ()
                if one["name"] not in SYSCTLS)  # fmt: skip
    if rights.get("runAsUser") == 0:
        yield "runs as root"
    if (rights.get("windowsOptions") or {}).get("hostProcess"):
        yield "host process"
    yield from (key for key in annotations if key.startswith("container.apparmor.security"))


def _of_container(container: Document, spec: Document) -> Iterator[str]:
    rights = container.get("securityContext") or {}
    of_pod = spec.get("securityContext") or {}
    if rights.get("privileged"):
        yield "privileged"
    if rights.get("allowPrivilegeEscalation") is not False:
        yield "privilege escalation is allowed"
    if not {**of_pod, **rights}.get("runAsNonRoot"):
        yield "may run as root"
    if rights.get("runAsUser") == 0:
        yield "runs as root"
    capabilities = rights.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or ()):
        yield "capabilities are not dropped"
    yield from (f"capability {one}" for one in capabilities.get("add") or ()
                if one != "NET_BIND_SERVICE")  # fmt: skip
    profile = rights.get("seccompProfile") or of_pod.get("seccompProfile") or {}
    if profile.get("type") not in SECCOMP:
        yield "no seccomp profile"
    if rights.get("procMount", "Default") != "Default":
        yield "procMount"
    if any(port.get("hostPort") for port in container.get("ports") or ()):
        yield "a port of its node"
