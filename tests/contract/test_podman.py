"""The contract on the real rootless Podman."""

from abcd_run.testing.contract import RuntimeContract


class TestPodman(RuntimeContract):
    """The user's Podman."""

    runtime = "podman"
    foreign = 'podman create --name "$NAME" localhost/abcdic4demo'
    foreign_gone = 'podman rm "$NAME"'
