"""What a person would type for a plan: `kubectl apply` of its manifests."""

import json
import shlex
from collections.abc import Iterable
from typing import Any

import yaml

from abcd_run.backend.vm import here_document


def lines(
    documents: Iterable[dict[str, Any]], *, context: str, namespace: str, first: Iterable[str]
) -> str:
    """Return the shell lines: first how the nodes get the image, then the manifests.

    Passwords are in the manifests, which no other user of this host sees, and in no argument.
    """
    apply = shlex.join(
        ["kubectl", "--context", context, "--namespace", namespace, "apply", "-f", "-"]
    )
    manifests = "---\n".join(_yaml(one) for one in documents)
    return "\n".join([*first, *here_document(apply, manifests)])


def _yaml(document: dict[str, Any]) -> str:
    # Through JSON: anchors and Python's own types would not be YAML for everybody.
    plain = json.loads(json.dumps(document))
    return str(yaml.safe_dump(plain, sort_keys=False, width=10**6))
