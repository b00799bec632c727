"""The cloud-config on a seed's CD: what cloud-init and Kairos' yip read as `user-data`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

KAIROS = "kairos"
"""The user whom every live Kairos has, and whose password everybody knows."""


def user_data(*, hostname: str, user: str, password: str, keys: Sequence[str]) -> str:
    """Return the settings of one person, as JSON, which is YAML too; what is empty is left out.

    Source: mudler/yip, `pkg/schema/cloudinit/config.go`, and cloud-init's own schema. yip hashes
    the password itself, unless it begins with `$`, `!` or `*`.
    """
    person: dict[str, object] = {"name": user, "groups": ["admin"]}
    stages: dict[str, object] = {}
    if password:
        # The first is yip's; cloud-init takes that for a hash, and then the second as it is.
        person |= {"passwd": password, "plain_text_passwd": password, "lock_passwd": False}
        stages = {"stages": {"initramfs.after": [_of_kairos(password)]}}
    if keys:
        person["ssh_authorized_keys"] = list(keys)
    named = {"hostname": hostname} if hostname else {}
    return "#cloud-config\n" + json.dumps({**named, "users": [person], **stages}, indent=1)


def _of_kairos(password: str) -> dict[str, object]:
    """Return the step that gives Kairos' own user this password, for yip alone.

    A live Kairos gives it the password `kairos` (kairos-init, `10_accounting.yaml`), and its ssh
    takes passwords: whoever reaches the port would be in. `.after` comes behind that, and before
    the services.
    """
    return {
        "name": "No password that everybody knows",
        "if": f"grep -q ^{KAIROS}: /etc/passwd",
        "users": {KAIROS: {"passwd": password}},
    }
