"""What `[on.kubernetes]` of a profile may have."""

import re
from collections.abc import Mapping

from abcd_run import schema
from abcd_run.runtime import Option, Options, Problem

_REGISTRY = re.compile(r"(https?://)?[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9._-]+)*/?")
_OBJECT = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-fA-F:]{2,39}")
_PATTERN = re.compile(r"(https?://)?[a-z0-9.-]{0,100}\{name\}[a-z0-9.-]{0,150}(:[0-9]{1,5})?")

OPTIONS: Mapping[str, Option] = {
    "registry": Option(
        schema.matching(_REGISTRY.pattern, "a registry, such as registry.example/class"),
        "where images of this host are pushed for the nodes; `http://…` for one without TLS",
        "the kubeconfig's",
    ),
    "pull_secret": Option(
        schema.matching(_OBJECT.pattern, "the name of a Secret"),
        "a Secret of the namespace with which nodes pull the image",
        "none",
    ),
    "reach": Option(
        str,
        "how people reach an instance; the kubeconfig may name another way",
        "forward",
        values=("forward", "nodeport", "ingress"),
    ),
    "node": Option(
        schema.matching(_HOST.pattern, "an address or a name of the cluster's nodes"),
        "where people reach ports of nodes",
        "the kubeconfig's, or the address of the pod's node",
    ),
    "ingress_class": Option(
        schema.matching(_OBJECT.pattern, "the name of an IngressClass"),
        "which of the cluster's ingresses",
        "the kubeconfig's, or the cluster's default",
    ),
    "ingress_host": Option(
        schema.matching(_PATTERN.pattern, "a host with {name} in it, such as {name}.class.example"),
        "the host of each instance's page; `https://…` where the ingress has a certificate",
        "the kubeconfig's",
    ),
    "root": Option(bool, "run the image as root of its container", "false"),
    "host_users": Option(
        bool, "true where nodes cannot give an instance users of its own", "false from 1.33 on"
    ),
}
"""The options of a profile; context and namespace are the kubeconfig's."""


def trusts(options: Options) -> Problem | None:
    """Return the option that gives an instance rights on a node, or None."""
    if options.get("root") is True:
        return Problem(
            "root: the image would be root on its node, as far as its container lets it",
            "use an image that runs as an ordinary user",
        )
    return None
