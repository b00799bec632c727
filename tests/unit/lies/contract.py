"""The contract for the runtime that is installed as `local`, honest or not.

Not collected by itself: test_contract_lies.py runs it.
"""

from abcd_run.testing.contract import RuntimeContract


class TestLocal(RuntimeContract):
    """Boxes of this user."""

    runtime = "local"
    image = "page"
    no_archive = "its page is one process of the host's own Python"
    speaks = 'echo "$0" >>/proc/1/fd/1'  # its /dev is the host's
    foreign = 'mkdir -p "$ABCD_RUN_CACHE/boxes/$NAME"; : >"$ABCD_RUN_CACHE/boxes/$NAME/theirs"'
    foreign_gone = 'rm "$ABCD_RUN_CACHE/boxes/$NAME/theirs"; rmdir "$ABCD_RUN_CACHE/boxes/$NAME"'
