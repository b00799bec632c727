"""The contract on the real LXD."""

from abcd_run.testing.contract import RuntimeContract


class TestLxd(RuntimeContract):
    """LXD, by the socket that this user may use."""

    runtime = "lxd"
