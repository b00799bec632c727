"""What each address of the wall serves; the server decides who may ask."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from urllib.parse import parse_qs, unquote, urlsplit

from abcd_run.backend import record
from abcd_run.errors import AbcdRunError, NoSuchInstance
from abcd_run.host import install
from abcd_run.launch import endpoints, listener
from abcd_run.model import Endpoint, Instance
from abcd_run.viewing import handover, viewer
from abcd_run.viewing.viewer import WEB
from abcd_run.wall import tabs
from abcd_run.wall.instances import Seen

TEXT, JSON, PNG = "text/plain; charset=utf-8", "application/json", "image/png"
SCRIPT, PAGE = "text/javascript; charset=utf-8", "text/html; charset=utf-8"

FILES: Mapping[str, tuple[str, str]] = {
    "": ("page.html", PAGE),
    "wall.css": ("wall.css", "text/css; charset=utf-8"),
    "wall.js": ("wall.js", SCRIPT),
    "icon.svg": ("icon.svg", "image/svg+xml"),
    "tab.css": ("tab.css", "text/css; charset=utf-8"),
    "tab.js": ("tab.js", SCRIPT),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    kind: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def text(status: int, says: str, **headers: str) -> Answer:
    """Return an answer of one line."""
    return Answer(status, f"{says}\n".encode(), headers=headers)


def get(address: str, seen: Seen) -> Answer:
    """Answer a GET at an address below the token; it changes nothing."""
    path, on = split(address)
    if path in FILES:
        return _file(*FILES[path])
    try:
        return _asked(path, on, seen)
    except NoSuchInstance as error:
        return text(404, error.message)
    except AbcdRunError as error:
        return text(503, error.message)


def post(address: str, seen: Seen) -> Answer:
    """Start the viewer for an instance's screen."""
    path, on = split(address)
    folder, _, name = path.partition("/")
    if folder != "open":
        return text(404, "nothing is here")
    try:
        return _show(seen.find(name, on))
    except NoSuchInstance as error:
        return text(404, error.message)


def split(address: str) -> tuple[str, str]:
    """Return an address's path, and the runtime that `?on=` names."""
    parts = urlsplit(address)
    return unquote(parts.path), parse_qs(parts.query).get("on", [""])[0]


def _asked(path: str, on: str, seen: Seen) -> Answer:
    folder, _, name = path.partition("/")
    if path == "instances.json":
        return _json(200, seen.document())
    if folder == "screen" and name.endswith(".png"):
        return Answer(200, seen.picture(name.removesuffix(".png"), on), PNG)
    if folder == "open":
        return _redirected(seen.find(name, on))
    if folder == "tab":
        return _tab(name, on, seen)
    if folder == "novnc" and (script := tabs.part(name)):
        return Answer(200, script, SCRIPT)
    return text(404, "nothing is here")


def vnc_socket(name: str, on: str, seen: Seen) -> str:
    """Return the path of an instance's VNC socket, for its screen in a tab.

    Raises `NoSuchInstance`, or `AbcdRunError` for what must be installed first.
    """
    instance = seen.find(name, on)
    if not tabs.has_screen(instance):
        raise NoSuchInstance(f"{instance.name} has no screen that a browser can show")
    if remedy := tabs.missing():
        raise AbcdRunError("screens cannot be shown in the browser here", remedy=remedy)
    return viewer.vnc_socket(instance)


def refused(error: AbcdRunError) -> Answer:
    """Return the answer for a screen that a tab cannot show."""
    if isinstance(error, NoSuchInstance):
        return text(404, error.message)
    return text(503, f"{error.message}: {error.remedy}" if error.remedy else error.message)


def _tab(name: str, on: str, seen: Seen) -> Answer:
    try:
        vnc_socket(name, on, seen)
    except AbcdRunError as error:
        return refused(error)
    return _file("tab.html", PAGE)


def _file(name: str, kind: str) -> Answer:
    return Answer(200, resources.files(__package__).joinpath(name).read_bytes(), kind)


def _json(status: int, content: object) -> Answer:
    return Answer(status, json.dumps(content).encode(), JSON)


def _redirected(instance: Instance) -> Answer:
    endpoint = endpoints.to_open(instance)
    if endpoint is None:
        return text(404, f"{instance.name} has nothing to show")
    if endpoint.protocol not in WEB:
        return text(405, "a viewer is started by POST", Allow="POST")
    listener.check(instance, endpoint)
    user = record.read(instance.labels).user
    url = handover.with_login(endpoint.url, user, instance.password)
    return Answer(302, headers={"Location": url})


def _show(instance: Instance) -> Answer:
    endpoint = endpoints.to_open(instance)
    if endpoint is None:
        return text(404, f"{instance.name} has nothing to show")
    if endpoint.protocol in WEB:
        return text(405, "a page is opened by GET", Allow="GET")
    why = viewer.hindrance(endpoint) or _failure(endpoint)
    remedy = _remedy(instance, endpoint) if why else ""
    return _json(200, {"shown": not why, "why": why, "remedy": remedy, "url": endpoint.url})


def _remedy(instance: Instance, endpoint: Endpoint) -> str:
    """Return what to install for an instance's screen to be shown, by a viewer or on this page."""
    package = viewer.package(endpoint)
    lines = [install.line(package)] if package else []
    lines += [tabs.missing()] if tabs.has_screen(instance) else []
    return ", or ".join(line for line in lines if line)


def _failure(endpoint: Endpoint) -> str:
    try:
        viewer.show(endpoint)
    except OSError as error:
        return f"the viewer does not start: {error.strerror or error}"
    return ""
