from __future__ import annotations

import pytest

from abcd_run.iso.install import ARGUMENT, installs


@pytest.mark.parametrize(
    "config",
    [
        "install:\n  auto: true\n",
        "#cloud-config\ninstall:\n\n  # go\n  device: /dev/sda\n  auto: yes # now\n",
        "install:   # here\r\n    auto: True\r\n",
        '\'install\':\n  "auto": "true"\n',
        "install: {device: auto, auto: true}\n",
        '{"install": {"auto": true, "device": "auto"}}',
        "a: 1\n---\ninstall:\n  bundles:\n    - x\n  auto: on\n",
    ],
)
def test_sees_what_installs(config: str) -> None:
    assert installs(config)


@pytest.mark.parametrize(
    "config",
    [
        "",
        "install:\n  auto: false\n",
        "install:\n  device: auto\n",
        "# install:\n#   auto: true\n",
        "install:\n  device: auto\nother:\n  auto: true\n",
        "other:\n  auto: true\ninstall:\n  reboot: true\n",
        "install: {auto: false}\n",
        "preinstall:\n  auto: true\n",
    ],
)
def test_lets_the_rest_pass(config: str) -> None:
    assert not installs(config)


@pytest.mark.parametrize(
    ("word", "is_one"),
    [
        ("install.auto", True),
        ("install.auto=true", True),
        ("install.auto=false", False),
        ("install-mode", False),
    ],
)
def test_the_kernels_arguments(word: str, is_one: bool) -> None:
    assert bool(ARGUMENT.fullmatch(word)) is is_one
