"""What Kubernetes calls an instance: its objects' names, and labels that selectors can use."""

import hashlib
import re

LABEL = "app.kubernetes.io/managed-by"
"""The label by which all of our objects are listed; the record is in annotations."""

MANAGER = "abcd-run"
SELECTOR = f"{LABEL}={MANAGER}"
CONTAINER = "system"
"""The name of the one container of a pod."""

FORWARD = "kubernetes.abcd-run/forward"
"""The annotation of a pod with an address and ports of the host that the user chose, as JSON."""

REACH = "kubernetes.abcd-run/reach"
"""The annotation of a pod with how people reach it, where no forward does, as JSON."""

INSTANCE = "kubernetes.abcd-run/instance"
"""The label by which a Service selects its pod."""

POD = "kubernetes.abcd-run/pod"
"""The annotation of a Secret with the pod that it belongs to, as JSON: it can be made again."""

LOOPBACK = "127.0.0.1"

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NOT_IN_NAMES, _NOT_IN_LABELS = re.compile(r"[^a-z0-9-]+"), re.compile(r"[^A-Za-z0-9_.-]+")
LONGEST, DIGITS = 54, 8


def object_name(name: str) -> str:
    """Return the name of an instance's objects: its own where Kubernetes knows such names."""
    if _NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGITS]
    return f"{_NOT_IN_NAMES.sub('-', name.lower())[:LONGEST].strip('-') or 'instance'}-{digest}"


def label(text: str) -> str:
    """Return a text as the value of a label."""
    return _NOT_IN_LABELS.sub("-", text)[:63].strip("-_.")
