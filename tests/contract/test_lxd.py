"""The contract on the real LXD."""

from abcd_run.testing.contract import RuntimeContract


class TestLxd(RuntimeContract):
    """LXD, through the socket that this user may use."""

    runtime = "lxd"
    # It reads a configuration from whatever is no terminal.
    foreign = 'lxc --force-local init "$NAME" --empty </dev/null'
    foreign_gone = 'lxc --force-local delete "$NAME"'
