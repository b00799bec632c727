"""The questions: scripts for the POSIX shell inside, with nothing but what busybox has.

Each prints lines of words; `reading` makes facts of them.
"""

_START = "export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"

_FIRST = """\
first() { for f; do [ -r "$f" ] && cat "$f" && return; done; }
"""

RELEASE = _FIRST + "first /etc/os-release /usr/lib/os-release\n"

# The lists themselves: not every image has the tool, and a tool may be of an upper layer.
PACKAGES = """\
for f in /var/lib/dpkg/status /var/lib/dpkg/status.d/*; do
    [ -f "$f" ] && sed -n '/^Package: /p;/^Version: /p;/^Status: /p;/^$/p' "$f"
done
for f in /lib/apk/db/installed /usr/lib/apk/db/installed; do
    [ -f "$f" ] && sed -n '/^[PV]:/p;/^$/p' "$f"
done
if command -v rpm >/dev/null 2>&1 && [ -d /var/lib/rpm ]; then
    rpm -qa --qf 'P:%{NAME}\\nV:%{EVR}\\n\\n'
fi
:
"""

USERS = """\
sed 's/^/user:/' /etc/passwd
sed 's/^/group:/' /etc/group
"""

LOCALE = """\
for f in /etc/locale.conf /etc/default/locale; do
    [ -f "$f" ] && sed "s|^|$f |" "$f"
done
[ -r /run/abcd/seed ] && sed -n "s/^ABCD_LOCALE=/seed /p" /run/abcd/seed
unset LC_ALL
/bin/sh -l -c 'echo "login LANG=${LANG:-}"; echo "login LC_ALL=${LC_ALL:-}"'
"""

KEYBOARD = """\
for f in /etc/default/keyboard /etc/vconsole.conf /etc/conf.d/keymaps \\
    /etc/X11/xorg.conf.d/*keyboard*; do
    [ -f "$f" ] && sed "s|^|$f |" "$f"
done
[ -r /run/abcd/seed ] && sed -n "s/^ABCD_KEYBOARD=/seed /p" /run/abcd/seed
if [ -r /run/abcd/session/environment ] && command -v xprop >/dev/null 2>&1; then
    . /run/abcd/session/environment
    xprop -root _XKB_RULES_NAMES 2>/dev/null |
        sed -n 's/.*= "[^"]*", "[^"]*", "\\([^"]*\\)".*/screen \\1/p'
fi
:
"""

TIME_ZONE = """\
echo "offset $(date +%z)"
echo "name $(date +%Z)"
[ -e /etc/localtime ] && echo "localtime $(readlink -f /etc/localtime)"
[ -r /etc/timezone ] && echo "timezone $(cat /etc/timezone)"
/bin/sh -l -c 'echo "login ${TZ:-}"'
"""

# 0A is the state of a socket that listens.
PORTS = """\
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r _ local _ state _; do
    [ "$state" = 0A ] && echo "$local"
done
:
"""

SESSION_USER = """\
echo "name $(id -un)"
echo "uid $(id -u)"
echo "group $(id -gn)"
echo "groups $(id -Gn)"
echo "home $(sed -n "s/^$(id -un):.*:\\([^:]*\\):[^:]*$/\\1/p" /etc/passwd)"
"""

# Threads of the kernel have no arguments. What asks is not part of the system, and what has ended
# between two looks is not worth a word.
PROCESSES = """\
seen=
for p in /proc/[0-9]*; do
    words=; read -r words 2>/dev/null <"$p/cmdline"
    [ -n "$words" ] && [ "$p" != "/proc/$$" ] && seen="$seen $p"
done
for p in $seen; do
    read -r name 2>/dev/null <"$p/comm" && echo "$name"
done
:
"""

OF_ROOT = """\
for p in /proc/[0-9]*; do
    [ "$(stat -c %u "$p" 2>/dev/null)" = 0 ] &&
        read -r name 2>/dev/null <"$p/comm" && echo "$name"
done
:
"""

ROOTS = "/bin /sbin /lib /lib64 /usr /etc /opt"
"""Where the base's files are; /usr/local counts: an image may have programs there."""

_FIND = f"""\
set --
for d in {ROOTS}; do [ -e "$d" ] && set -- "$@" "$d"; done
"""
# What belongs to a kernel is not of the base, and takes long to read.
_FOUND = 'find "$@" -xdev \\( -path /lib/modules -o -path /usr/lib/modules \\) -prune -o'

FILES = f"""\
{_FIND}
{_FOUND} -type d -exec stat -c 'd %a %u:%g %n' {{}} +
{_FOUND} -type f -exec stat -c 'f %a %u:%g %s %n' {{}} +
{_FOUND} -type l -exec stat -c 'l %N' {{}} +
"""

HASHES = f"{_FIND}\n{_FOUND} -type f -exec sha256sum {{}} +\n"

CONTEXT = """\
read -r name </proc/1/comm
echo "init $name"
echo "kernel $(uname -r)"
echo "network $(cd /sys/class/net && echo *)"
driver=$(readlink /sys/class/drm/card0/device/driver 2>/dev/null)
[ -e /dev/dri/card0 ] || driver=none
echo "graphics ${driver##*/}"
echo "root $(sed -n "s|^[^ ]* / \\([^ ]*\\) .*|\\1|p" /proc/mounts | sed -n '$p')"
"""


def command(script: str) -> tuple[str, ...]:
    """Return the command that runs a script inside."""
    return ("/bin/sh", "-c", _START + script)
