"""The options of commands for machines that no runtime drives.

`options.with_value` reads this module too.
"""

from functools import partial
from typing import Annotated

import typer

_option = partial(typer.Option, show_default=False)

Address = Annotated[
    str,
    _option(
        "--address",
        metavar="ADDR",
        help="Serve at this address of this host, for others to reach; default: for this host.",
    ),
]
Port = Annotated[
    int | None,
    _option("--port", metavar="N", min=1, max=65535, help="The port; default: any free one."),
]
