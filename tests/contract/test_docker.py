"""The contract on the real rootless Docker."""

from abcd_run.testing.contract import RuntimeContract


class TestDocker(RuntimeContract):
    """The user's Docker."""

    runtime = "docker"
    foreign = 'docker create --name "$NAME" localhost/abcdic4demo'
    foreign_gone = 'docker rm "$NAME"'
