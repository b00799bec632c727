"""Run abcd-run, and write a line each time it calls a function.

python -m tests.faults.counted FILE MODULE FUNCTION ARGUMENTS…
"""

import importlib
import sys
from pathlib import Path
from typing import Any

from abcd_run.__main__ import console


def main() -> None:
    """Run the command line."""
    file, module, function, *arguments = sys.argv[1:]
    there = importlib.import_module(module)
    original = getattr(there, function)

    def counted(*given: Any, **named: Any) -> Any:
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.write(f"{function}\n")
        return original(*given, **named)

    setattr(there, function, counted)
    sys.argv = ["abcd-run", *arguments]
    console()


if __name__ == "__main__":
    main()
