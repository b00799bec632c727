"""Bad input of every kind: the right exit status, one clear message, a remedy, no traceback."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from abcd_run.testing.cli import Ended
from abcd_run.testing.fake import FakeEngine

Run = Callable[..., Ended]


@dataclass(frozen=True)
class Bad:
    """A command line, the files and variables around it, and what the error must say."""

    line: str
    status: int
    says: tuple[str, ...]
    remedy: str = ""
    files: dict[str, str | bytes] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.line[:50]} {' '.join(self.says)[:40]}"


def profile(text: str | bytes, *says: str, remedy: str = "", status: int = 2) -> Bad:
    """A profile called bad, launched by its path; the message names its file."""
    return Bad("./bad.toml", status, ("bad.toml", *says), remedy, {"bad.toml": text})


def config(text: str | bytes, *says: str, remedy: str = "") -> Bad:
    file = "../home/.config/abcd-run/config.toml"
    return Bad("web", 2, ("config.toml", *says), remedy, {file: text})


DEEP = "x = " + "[" * 5000
LONG = "9" * 5000
HUGE = "9" * 400

COMMAND_LINES = [
    Bad("''", 2, ("name is empty",), "abcd-run images"),
    Bad("'  '", 2, ("name is empty",), "abcd-run images"),
    Bad("wbe", 4, ("'wbe'",), "did you mean web"),
    Bad("abcdic-wep", 4, ("'abcdic-wep'",), "abcdic-web"),
    Bad("doctr", 4, ("'doctr'",), "doctor"),
    Bad("größe", 4, ("'größe'",)),
    Bad("n" * 3000, 4, ("nnn",), "abcd-run images"),
    Bad("Registry.Example/UPPER:x", 2, ("UPPER", "not an image reference"), "lower case"),
    Bad("a//b:c", 2, ("a//b:c", "not an image reference"), "registry/name:tag"),
    Bad("nginx@sha256:abc", 2, ("nginx@sha256:abc",), "DIGEST"),
    Bad("./nosuch.toml", 4, ("nosuch.toml",), "abcd-run images"),
    Bad("./nosuch.tar", 4, ("./nosuch.tar",), "ls -l"),
    Bad("abcdik-web", 4, ("no variant abcdik-web",), "abcd-run web"),
    Bad("web second", 2, ("second",), "--"),
    Bad("-v", 2, ("IMAGE",), "--help"),
    Bad("--nosuch web", 2, ("--nosuch",), "--help"),
    Bad("--on", 2, ("--on",), "--help"),
    Bad("--on fkae web", 2, ("'fkae'",), "did you mean fake"),
    Bad("--on '' web", 2, ("--on",), "--on"),
    Bad("--on , web", 2, ("--on",), "--on"),
    Bad("--count 0 web", 2, ("--count", "0"), "--help"),
    Bad("--count many web", 2, ("--count", "many"), "--help"),
    Bad(f"--count {LONG} web", 2, ("--count",), "--help"),
    Bad("--name Ünï web", 2, ("'Ünï'",), "a-z"),
    Bad("--name '' web", 2, ("--name",), "a-z"),
    Bad(f"--name {'n' * 64} web", 2, ("nnn",), "63"),
    Bad("--memory lots web", 2, ("'lots'",), "2GiB"),
    Bad("--memory -1 web", 2, ("'-1'",), "2GiB"),
    Bad("--memory 0.1 web", 2, ("'0.1'",), "2GiB"),
    Bad(f"--memory {HUGE} web", 2, ("999", "size"), "2GiB"),
    Bad("--memory 900TiB web", 7, ("900 TiB",), "--memory"),
    Bad("--cpus 0 web", 2, ("--cpus",), "--help"),
    Bad("--cpus nan web", 2, ("--cpus", "nan"), "--help"),
    Bad("--cpus inf web", 2, ("--cpus", "inf"), "--help"),
    Bad("--timeout nan web", 2, ("--timeout", "nan"), "--help"),
    Bad("--timeout -5 web", 2, ("--timeout",), "--help"),
    Bad("--address nonsense web", 2, ("--address", "nonsense"), "127.0.0.1"),
    Bad("--publish nosuch web", 2, ("'nosuch'",), "give a service"),
    Bad("--publish wbe=80 web", 2, ("'wbe'",), "did you mean web"),
    Bad("--publish web=0 web", 2, ("--publish web=0", "'0'"), "65535"),
    Bad("--publish web=70000 web", 2, ("70000",), "65535"),
    Bad("--publish web= web", 2, ("--publish web=",), "--publish web=8080"),
    Bad("--publish web=² web", 2, ("'²'",), "65535"),
    Bad(f"--publish {LONG} web", 2, ("is not a port",), "65535"),
    Bad("--count 2 --publish web=8080 web", 2, ("--publish", "8080"), "leave out"),
    Bad("--publish web=8080 --publish ssh=8080 web", 2, ("8080", "twice"), "--publish"),
    Bad("--share nosuch web", 2, ("nosuch",), "mkdir"),
    Bad("--share '' web", 2, ("--share",), "--share DIR"),
    Bad("--share :/inside web", 2, ("--share :/inside",), "--share DIR"),
    Bad("--share .:inside web", 2, ("'inside'",), "--share .:/inside"),
    Bad("--share .:/ web", 2, ("--share .:/",), "--share"),
    Bad("--share .:/a:rw web", 2, ("--share .:/a:rw",), ":ro"),
    Bad("--share ./f web", 2, ("f: not a folder",), "--share", {"f": "x"}),
    Bad("--env =x web", 2, ("--env =x",), "--env KEY=VALUE"),
    Bad("--env 1A=x web", 2, ("'1A'",), "--env KEY=VALUE"),
    Bad("--env Ü=x web", 2, ("'Ü'",), "--env KEY=VALUE"),
    Bad("--env NOT_SET_HERE web", 2, ("NOT_SET_HERE",), "NOT_SET_HERE=VALUE"),
    Bad("--password-file nosuch web", 2, ("nosuch", "No such file"), "ls -l nosuch"),
    Bad("--password-file . web", 2, ("'.'", "directory"), "--help"),
    Bad("--password-file p web", 2, ("p: expected one line",), "write", {"p": ""}),
    Bad("--password-file p web", 2, ("p: expected one line",), "write", {"p": "a\nb\n"}),
    Bad("--password-file p web", 2, ("password-file p", "UTF-8"), "p", {"p": b"\xff\xfe\x00"}),
    Bad("--password-file p web", 2, ("password-file p",), "p", {"p": "a\0b"}),
    Bad("--password-file /dev/zero web", 2, ("/dev/zero",), "/dev/zero"),
    Bad("--pull sometimes web", 2, ("sometimes",), "--help"),
    Bad("--pull never web", 4, ("registry.example/abcdic4web:1",), "--pull never"),
    Bad("--profiles nosuch web", 2, ("nosuch",), "ls -d nosuch"),
    Bad("--set nothing web", 2, ("--set nothing",), "--set resources.memory=1GiB"),
    Bad("--set =1 web", 2, ("--set =1",), "--set resources.memory=1GiB"),
    Bad("--set resources.memry=1GiB web", 2, ("--set", "memry"), "resources.memory"),
    Bad("--set resources.memory=x web", 2, ("--set: resources.memory", "'x'"), "2GiB"),
    Bad("--set resources=5 --memory 1GiB web", 2, ("--set", "resources"), "resources"),
    Bad("--set a=1 --set a.b=2 web", 2, ("a.b=2",), "--set"),
    Bad("--set parent=abcd web", 2, ("--set", "parent"), "profile"),
    Bad(f"--set resources.cpus={LONG} web", 2, ("--set: resources.cpus",), "number"),
    Bad("--set ready.service=wbe web", 2, ("ready.service", "'wbe'"), "did you mean web"),
    Bad("--set on.fake.flavor=x web", 2, ("on.fake.flavor",), "on.fake.flavour"),
    Bad("--set on.fake.turbo=x web", 2, ("on.fake.turbo", "true or false"), "on.fake.turbo"),
    Bad("show nosuch", 2, ("'nosuch'",), "abcd-run ps"),
    Bad("show", 2, ("NAME",), "abcd-run show --help"),
    Bad("wait", 2, ("which instance",), "abcd-run ps"),
    Bad("stop", 2, ("which instance",), "abcd-run stop"),
    Bad("stop x --all", 2, ("--all",), "abcd-run stop"),
    Bad("exec nosuch", 2, ("CMD",), "abcd-run exec --help"),
    Bad("exec n sh -c 'a b'", 2, ("-- is missing",), " n -- sh -c 'a b'"),
    Bad("exec n --on fake grep -v x", 2, ("grep",), " n --on fake -- grep -v x"),
    Bad("exec n ls -l -- x", 2, ("-- is missing",), " n -- ls -l -- x"),
    Bad("exec --nosuch n -- ls", 2, ("--nosuch",), "abcd-run exec --help"),
    Bad("stpo x", 2, ("no command", "'stpo'"), "abcd-run stop x"),
    Bad("stpo --on fake x y", 2, ("'stpo'",), "abcd-run stop x y"),
    Bad("logz x -f", 2, ("'logz'",), "abcd-run logs x -f"),
    Bad("wbe ls", 2, ("'wbe'",), "abcd-run web -- ls"),
    Bad("zzzzzz x", 2, ("'zzzzzz'",), "abcd-run --help"),
    Bad("web ls -l", 2, ("'ls' is another",), "abcd-run web -- ls -l"),
    Bad("web --nosuch ls", 2, ("--nosuch",), "--help"),
    Bad("--memroy 1GiB web", 2, ("--memroy", "--memory"), "--help"),
    Bad("run web", 2, ("'run'",), "abcd-run web"),
    Bad("run --memory 1GiB web", 2, ("'run'",), "abcd-run web"),
    Bad("run", 4, ("'run'",), "abcd-run IMAGE"),
    Bad("rm x", 2, ("'rm'",), "abcd-run stop x"),
    Bad("rm", 4, ("'rm'",), "abcd-run stop NAME"),
    Bad("ls", 4, ("'ls'",), "abcd-run ps"),
    Bad("list x", 2, ("'list'",), "abcd-run ps"),
    Bad("help", 4, ("'help'",), "abcd-run --help"),
    Bad("help stop", 2, ("'help'",), "abcd-run stop --help"),
    Bad("stpo", 4, ("'stpo'",), "stop"),
    Bad("ps --on nosuch", 2, ("'nosuch'",), "abcd-run runtimes"),
    Bad("completion tcsh", 2, ("tcsh",), "--help"),
    Bad("build web", 4, ("no recipe",), "abcd-run pull web"),
    Bad("doctor nosuch", 4, ("nosuch",), "abcd-run images"),
]

PROFILES = [
    Bad("./bad.toml", 4, ("bad has no variants",), "bad.toml", {"bad.toml": ""}),
    profile("x", "TOML", remedy="fix"),
    profile(b"\xff\xfe\x00binary", "UTF-8", remedy="fix"),
    profile(b"\x7fELF\x02\x01\x01\x00", "TOML", remedy="fix"),
    profile(DEEP, "TOML", remedy="fix"),
    profile(f"uid = {LONG}", "TOML", remedy="fix"),
    profile("sumary = 'x'", "sumary: unknown key", remedy="did you mean summary"),
    profile("[resources]\nmemmory = 1", "resources.memmory", remedy="resources.memory"),
    profile("[services.a]\nprot = 1", "services.a.prot", remedy="services.a.port"),
    profile("summary = 5", "summary: expected a string", remedy="summary"),
    profile("resources = 5", "resources: expected a table", remedy="resources"),
    profile("services = 5", "services: expected a table", remedy="services"),
    profile("[services]\na = 5", "services.a: expected a table", remedy="services.a"),
    profile("abcdic = 'x'", "abcdic: expected a table", remedy="abcdic"),
    profile("verify = 'x'", "verify: expected a list of tables", remedy="verify"),
    profile("[[verify]]\nname = 'x'", "verify.command: missing", remedy="verify.command"),
    profile("[[verify]]\nname=''\ncommand=['x']", "verify.name: missing", remedy="verify.name"),
    profile("[[verify]]\ncommand=['x']", "verify.name: missing", remedy="verify.name"),
    profile("[[verify]]\ngoss='g'\nneedle='n'", "verify.needle: expected one", remedy="own"),
    profile("[[verify]]\nname='x'\ndiffers=['*']", "verify.expected: missing", remedy="expected"),
    profile("[[verify]]\ngoss=5", "verify[0].goss: expected the path", remedy="goss"),
    profile("[[verify]]\nname='x'\ncommand=[]", "verify[0].command", remedy="list"),
    profile("runtimes = ['a', 1]", "runtimes: expected a list of strings", remedy="runtimes"),
    profile("[on]\nfake = 1", "on.fake: expected a table", remedy="on.fake"),
    profile("uid = -1", "uid: expected", remedy="uid"),
    profile("uid = 0", "uid: expected", remedy="uid"),
    profile("login = 'x'", "login: expected", "session, greeter", remedy="login"),
    profile("user = 'a:b'", "user: expected", remedy="user"),
    profile("user = ''", "user: expected", remedy="user"),
    profile("[services.a]\nopen = true", "services.a.port: missing", remedy="services.a.port"),
    profile("[services.a]\nport = 0", "services.a.port", "65535", remedy="port"),
    profile("[services.a]\nport = true", "services.a.port", "65535", remedy="port"),
    profile("[services.a]\nport = '80'", "services.a.port", "'80'", remedy="port"),
    profile("[services.a]\nport = 80\nprotocol = 'gopher'", "gopher", remedy="http"),
    profile("[services.a]\nport = 80\npath = 'x'", "services.a.path", remedy="path"),
    profile(
        "[services.a]\nport = 80\n[services.b]\nport = 80", "services.b.port", "80", remedy="port"
    ),
    profile("[resources]\ncpus = nan", "resources.cpus", remedy="number"),
    profile("[resources]\ncpus = inf", "resources.cpus", remedy="number"),
    profile(f"[resources]\ncpus = {HUGE}", "resources.cpus", remedy="number"),
    profile("[resources]\nmemory = '0'", "resources.memory", remedy="2GiB"),
    profile("[resources]\nmemory = 1.5", "resources.memory", remedy="2GiB"),
    profile("[ready]\ntimeout = 0", "ready.timeout", remedy="number"),
    profile("[ready]\nservice = 'a'", "ready.service", "'a'", remedy="[services.a]"),
    profile("[ready]\nconsole = '('", "ready.console", "regular expression", remedy="fix"),
    profile("[abcdik]\nsha256 = 'abc'", "abcdik.sha256", "64", remedy="abcdik.sha256"),
    profile("parent = 'bad'", "cycle", "bad → bad", remedy="parent"),
    profile("parent = 'nosuch'", "'nosuch'", remedy="abcd-run images"),
    profile("parent = 'wbe'", "'wbe'", remedy="did you mean web"),
    profile("parent = ''", "parent", remedy="abcd-run images"),
    profile("parent = '../web'", "'../web'", remedy="web"),
    Bad("./b.toml", 4, ("nosuch.tar",), "", {"b.toml": "[abcdic]\narchive = 'nosuch.tar'"}),
    profile('[abcdic]\narchive = "a\\u0000b"', "abcdic.archive", remedy="archive"),
    profile("[abcdic]\nimage = 'NOT A REF'", "abcdic.image", remedy="registry/name:tag"),
    Bad("./d.toml", 4, ("d.toml",), "abcd-run images", {"d.toml/x": ""}),
    Bad("./m.toml", 2, ("m.toml: cannot be read",), "ls -l", links={"m.toml": "/proc/self/mem"}),
    Bad("./loop.toml", 4, ("loop.toml",), "abcd-run images", links={"loop.toml": "loop.toml"}),
    Bad(
        "./a.toml", 2, ("a → b → a",), "parent",
        {"a.toml": "parent = 'b'", "b.toml": "parent = 'a'"},
    ),
]  # fmt: skip

SETTINGS = [
    config("on = 'fake'", "on: expected a list of strings", remedy="on"),
    config("no = ['fake']", "no: unknown key", remedy="on"),
    config("on = [", "TOML", remedy="fix"),
    config(b"\xff", "UTF-8", remedy="fix"),
    config("on = ['fkae']", "'fkae'", remedy="did you mean fake"),
    Bad("web", 2, ("config.toml",), "ls -l", {"../home/.config/abcd-run/config.toml/x": ""}),
    Bad("web", 2, ("ABCD_RUN_ON", "'fkae'"), "did you mean fake", env={"ABCD_RUN_ON": "fkae"}),
    Bad("web", 5, ("f",), "", {"f": ""}, env={"ABCD_RUN_CACHE": "f"}),
    Bad("build rec", 5, ("f",), "", {"f": ""}, env={"ABCD_RUN_CACHE": "f"}),
    Bad("web", 4, ("index.json",), "", {"c/oci/index.json": "{"}, env={"ABCD_RUN_CACHE": "c"}),
    Bad("nosuch", 4, ("nosuch",), "images", env={"ABCD_RUN_PROFILES": "/nonexistent:/dev/null"}),
]

ARCHIVES = [
    Bad("./x.tar", 4, ("x.tar",), "OCI", {"x.tar": b""}),
    Bad("./x.tar", 4, ("x.tar",), "OCI", {"x.tar": b"\0" * 10240}),
    Bad("./x.tar", 4, ("x.tar",), "OCI", {"x.tar": b"\x89PNG\r\n" * 999}),
    Bad(
        "./x.tar.gz", 4, ("x.tar.gz",), "get the image again", {"x.tar.gz": b"\x1f\x8b\x08garbage"}
    ),
    Bad("./d", 4, ("d", "not an image"), "OCI layout", {"d/readme": "no image"}),
    Bad("./d", 4, ("index.json",), "", {"d/index.json": "[]", "d/oci-layout": "{}"}),
    Bad("./d", 4, ("d",), "", {"d/index.json": '{"manifests":5}', "d/oci-layout": "{}"}),
    Bad("./d", 4, ("d",), "", {"d/index.json": '{"manifests":[]}', "d/oci-layout": "{}"}),
    Bad("./d", 4, ("d",), "", {"d/index.json": b"\xff\x00", "d/oci-layout": "{}"}),
    Bad("./x.iso", 3, ("no usable runtime",), "abcd-run doctor", {"x.iso": b""}),
]


@pytest.mark.parametrize("bad", [*COMMAND_LINES, *PROFILES, *SETTINGS, *ARCHIVES], ids=str)
def test_bad_input(
    bad: Bad, engine: FakeEngine, web: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shlex

    work = Path.cwd()
    recipe = web.with_name("rec") / "abcdic"
    recipe.mkdir(parents=True)
    (recipe / "Containerfile").write_text("FROM scratch")
    web.with_name("rec.toml").write_text("[abcdic]")
    for name, content in bad.files.items():
        path = work / name.replace("../home/", "../")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, leads in bad.links.items():
        (work / name).symlink_to(leads)
    for name, value in bad.env.items():
        monkeypatch.setenv(name, value)
    ended = run("--json", "-q", *shlex.split(bad.line))
    head, *rest = ended.err.splitlines()
    own = bad.line.startswith("exec ")  # its other statuses are those of the command inside
    assert ended.status == (125 if own else bad.status), ended.err
    assert head.startswith("abcd-run: ")
    assert "should not have happened" not in ended.err
    for word in bad.says:
        assert word in head
    remedies = [line for line in rest if line.startswith("  → ")]
    assert remedies, ended.err
    assert bad.remedy in "\n".join(remedies)
    assert len(head) < 700
    (error,) = ended.json["errors"]
    assert error["code"] == bad.status
    assert engine.held == {}


def test_there_are_enough() -> None:
    assert len([*COMMAND_LINES, *PROFILES, *SETTINGS, *ARCHIVES]) >= 45
