"""The options of commands for machines that no runtime drives.

`options.with_value` reads this module too.
"""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from abcd_run.commands import offered

SEED_IS_IN_IT = "the seed is in what was written: whoever can read that has the password"

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
Seed = Annotated[
    Path | None,
    _option(
        "--seed",
        metavar="FILE",
        autocompletion=offered.paths,
        dir_okay=False,
        help="Give machines this seed: lines KEY='value'. Who has what is written has it too.",
    ),
]
Password = Annotated[
    Path | None,
    _option(
        "--password-file",
        metavar="FILE",
        autocompletion=offered.paths,
        dir_okay=False,
        help="Give machines the password in this file, instead of a random one at each start.",
    ),
]
Hostname = Annotated[
    str, _option("--hostname", metavar="NAME", help="Give machines this host name.")
]
ImageAndDevice = Annotated[
    list[str] | None,
    typer.Argument(hidden=True, metavar="IMAGE DEVICE", autocompletion=offered.image_or_stick),
]
List = Annotated[bool, _option("--list", help="List the disks, and why some are not written.")]
Serial = Annotated[
    str | None,
    _option(
        "--serial",
        metavar="SERIAL",
        help="Ask nothing: the disk is the one that has this serial number, or is not written.",
    ),
]
Large = Annotated[bool, _option("--large", help="Write one that is larger than 256 GB, too.")]
Persist = Annotated[
    bool,
    _option("--persist", help="Keep what is saved in the home: a partition over the stick's rest."),
]
