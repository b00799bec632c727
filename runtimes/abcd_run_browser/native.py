"""What a person would type: `… | python -m abcd_run_browser.native` serves an instance."""

import json
import shlex
import sys
from dataclasses import asdict

from abcd_run.backend import own_process
from abcd_run.errors import AbcdRunError
from abcd_run_browser import folder, serving
from abcd_run_browser.folder import Spec


def line(name: str, spec: Spec) -> str:
    """Return the shell line that makes an instance; its secrets are in no argument."""
    told = shlex.quote(json.dumps([name, asdict(spec)]))
    return f"printf %s {told} | {shlex.join(own_process.line(__name__))}"


def main(text: str) -> int:
    """Make an instance from what `line` tells, and start it; return an exit status."""
    name, facts = json.loads(text)
    try:
        folder.make(name, Spec(**facts))
        serving.start(folder.of(name))
    except AbcdRunError as error:
        sys.stderr.write(f"{error.message}: {error.details}\n")
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin.read()))
