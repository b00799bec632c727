"""The contract on the real rootless Docker."""

from abcd_run.testing.contract import RuntimeContract


class TestDocker(RuntimeContract):
    """Docker of this user."""

    runtime = "docker"
