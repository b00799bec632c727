"""One nginx of a user's own, as docs/site.md says to set it up."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import until

PAGE = Path(__file__).parents[1] / "docs" / "site.md"
BELOW = "/labs/one/"
SETTINGS = """\
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  sendfile on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
{location}
  }}
}}
"""


def documented(site: Path) -> str:
    """Return the settings on the page, for a site elsewhere."""
    text = PAGE.read_text()
    block = re.search(r"^    location .*\n(?:    .*\n)+", text, re.MULTILINE)
    assert block, "docs/site.md shows no settings of nginx"
    return block[0].replace("/srv/demo-site/", f"{site}/")


@contextmanager
def nginx(site: Path, folder: Path) -> Iterator[str]:
    """Serve a site by one process below a path; yield its address."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert program, "nginx is not installed: sudo apt install nginx-light"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port = trial.getsockname()[1]
    settings = folder / "nginx.conf"
    location = documented(site)
    settings.write_text(SETTINGS.format(folder=folder, port=port, location=location))
    words = [program, "-p", str(folder), "-e", "stderr", "-c", str(settings)]
    with subprocess.Popen(words) as process:
        try:
            until(lambda: process.poll() is not None or _listens(port), within=20)
            assert process.poll() is None, "nginx has ended"
            yield f"http://127.0.0.1:{port}{BELOW}"
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
