"""The cloud-config on a seed's CD: what cloud-init and Kairos' yip read as `user-data`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

KAIROS = "kairos"
"""The user whom every live Kairos has, and whose password everybody knows."""


def user_data(*, hostname: str, user: str, password: str, keys: Sequence[str]) -> str:
    """Return the settings of one person, as JSON, which is YAML too; what is empty is left out.

    Source: mudler/yip, `pkg/schema/cloudinit/config.go`, and cloud-init's own schema. yip hashes
    the password itself, unless it begins with `$`, `!` or `*`.
    """
    # To yip, an account that is not locked and has no password needs none.
    person: dict[str, object] = {"groups": ["admin"], "lock_passwd": not password}
    if password:
        # The first is yip's; cloud-init takes that for a hash, and then the second as it is.
        person |= {"passwd": password, "plain_text_passwd": password}
    if keys:
        person["ssh_authorized_keys"] = list(keys)
    settings: dict[str, object] = {"hostname": hostname} if hostname else {}
    settings["users"] = [{"name": user, **person}]
    settings["stages"] = {"initramfs.after": list(_steps(user, person, password))}
    return "#cloud-config\n" + json.dumps(settings, indent=1)


def _steps(user: str, person: Mapping[str, object], password: str) -> Iterator[dict[str, object]]:
    """Yield what yip alone does, behind Kairos' own accounts and before any service.

    It would make the person as late as in its stage `boot`, when ssh may already have greeted. And
    a live Kairos has a user whose password is `kairos` (kairos-init, `10_accounting.yaml`), while
    its ssh takes passwords: whoever reaches the port would be in.
    """
    yield {"name": "The person", "users": {user: dict(person)}}
    if password and user != KAIROS:
        yield {
            "name": "No password that everybody knows",
            "if": f"grep -q ^{KAIROS}: /etc/passwd",
            "users": {KAIROS: {"passwd": password}},
        }
