from __future__ import annotations

import json

import pytest

from abcd_run.iso.cloud_config import user_data

# What mudler/yip reads, and as what (62df27a, pkg/schema/cloudinit/config.go). It skips others:
# plain_text_passwd is cloud-init's, which wants a hash in passwd (22.4, `users_groups.user`).
PERSON = {
    "name": str,
    "passwd": str,
    "plain_text_passwd": str,
    "lock_passwd": bool,
    "groups": list,
    "ssh_authorized_keys": list,
}


@pytest.mark.parametrize("keys", [[], ["ssh-ed25519 AAAA me"]])
@pytest.mark.parametrize("password", ["", "pass word: '\"#\\"])
@pytest.mark.parametrize("hostname", ["", "lab-1"])
def test_yip_and_cloud_init_know_every_word_of_it(
    hostname: str, password: str, keys: list[str]
) -> None:
    text = user_data(hostname=hostname, user="me", password=password, keys=keys)
    head, body = text.split("\n", 1)
    assert head == "#cloud-config"
    read = json.loads(body)
    assert set(read) <= {"hostname", "users", "stages"}
    assert read.get("hostname", "") == hostname
    (person,) = read["users"]
    for key, value in person.items():
        assert isinstance(value, PERSON[key]), key
    assert person["name"] == "me"
    assert person.get("passwd", "") == person.get("plain_text_passwd", "") == password
    assert person.get("ssh_authorized_keys", []) == keys


def test_who_has_no_password_gets_none() -> None:
    text = user_data(hostname="", user="me", password="", keys=[])
    person = {"groups": ["admin"], "lock_passwd": True}
    step = {"name": "The person", "users": {"me": person}}
    assert json.loads(text.split("\n", 1)[1]) == {
        "users": [{"name": "me", **person}],
        "stages": {"initramfs.after": [step]},
    }


def test_the_person_is_there_before_ssh_greets() -> None:
    text = user_data(hostname="", user="me", password="word", keys=["ssh-ed25519 AAAA me"])
    read = json.loads(text.split("\n", 1)[1])
    person, _ = read["stages"]["initramfs.after"]
    assert [{"name": "me", **person["users"]["me"]}] == read["users"]
    assert "if" not in person


def test_kairos_itself_has_one_password() -> None:
    text = user_data(hostname="", user="kairos", password="word", keys=[])
    steps = json.loads(text.split("\n", 1)[1])["stages"]["initramfs.after"]
    assert [step["users"]["kairos"]["passwd"] for step in steps] == ["word"]
