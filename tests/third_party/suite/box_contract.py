"""The contract suite, as the author of a runtime runs it.

Not collected by default: tests/e2e/apart/test_third_party_installed.py runs it with the package
installed by pip, and tests/unit/test_contract_lies.py runs it on lying runtimes.
"""

from abcd_run.testing.contract import RuntimeContract


class TestBox(RuntimeContract):
    """The user's boxes, honest or not."""

    runtime = "box"
    image = "page"
    keeps_files = False  # it has no home to keep them in
    no_archive = "its page is one process of the host's own Python"
    speaks = 'echo "$0" >>/proc/1/fd/1'  # its /dev is the host's
    foreign = 'mkdir -p "$ABCD_RUN_CACHE/boxes/$NAME"; : >"$ABCD_RUN_CACHE/boxes/$NAME/theirs"'
    foreign_gone = 'rm "$ABCD_RUN_CACHE/boxes/$NAME/theirs"; rmdir "$ABCD_RUN_CACHE/boxes/$NAME"'
