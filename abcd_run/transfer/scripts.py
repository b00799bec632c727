"""What runs inside: POSIX shell and `tar`, as GNU, busybox and libarchive have it.

All paths are arguments; they begin with a slash or a dot. Relative ones are below the home.
"""

from collections.abc import Sequence

HOME = 'unset CDPATH; cd "${HOME:-/}" 2>/dev/null || cd /\n'

TAKE = (
    HOME
    + r"""
if [ -d "$1" ]; then
  cd "$1" && exec tar -c -f - .
elif [ -e "$1" ]; then
  above=${1%/*}
  cd "${above:-/}" && exec tar -c -h -f - "./${1##*/}"
fi
printf '%s: no such file or folder\n' "$1" >&2
exit 1
"""
)
"""Print `$1` as a tar: a folder as `.`, a file under its own name. A link given is followed."""

PUT = (
    HOME
    + r"""
exec 3>&1 >&2
fail() { printf '%s\n' "$1"; exit 1; }
if [ -d "$1" ]; then to=$1 whole=
elif [ "$3" ]; then fail "$1: no such folder"
else to=${1%/*} whole=$1
fi
[ -d "${to:=/}" ] || fail "$to: no such folder"
[ -w "$to" ] || fail "$to: this user has no right to write here"
stage=$to/$2
umask 077
clean() {
  rm -rf "$stage" 2>/dev/null || { chmod -R u+rwx "$stage"; rm -rf "$stage"; } 2>/dev/null
}
mkdir "$stage" || exit 1
trap clean EXIT
trap 'exit 1' HUP INT TERM
(cd "$stage" && umask 0 && tar -x -o -p -f -) || exit 1
[ -e "$stage/end" ] || fail 'the copy ended before its end'
for one in "$stage"/modes/*; do
  [ ! -e "$one" ] || (cd "$stage" && xargs -0 chmod "${one##*.}") <"$one" || exit 1
done

merge() {
  if [ -L "$1" ] || [ ! -d "$1" ]; then
    if [ -L "$2" ]; then rm -f "$2" || exit 1
    elif [ -d "$2" ]; then fail "$2: a folder, where the copy has a file"
    fi
    mv -f "$1" "$2" || exit 1
  elif [ -d "$2" ] && [ ! -L "$2" ]; then
    chmod u+rwx "$1" || exit 1
    for one in "$1"/* "$1"/.[!.]* "$1"/..?*; do
      if [ -e "$one" ] || [ -L "$one" ]; then merge "$one" "$2/${one##*/}"; fi
    done
  elif [ -e "$2" ] || [ -L "$2" ]; then fail "$2: not a folder, where the copy has one"
  elif [ -w "$1" ]; then mv "$1" "$2" || exit 1
  else
    mode=$(stat -c %a "$1") && chmod u+w "$1" && mv "$1" "$2" && chmod "$mode" "$2" || exit 1
  fi
}
if [ -z "$whole" ]; then merge "$stage/new" "$to/."
else merge "$stage/new${4:+/$4}" "$whole"
fi
"""
)
"""Unpack a tar into a folder of its own beside its target `$1`, then move what it has into place.

`$2` is that folder's name. `$3` is set if the target must be a folder. `$4` is the name of the one
source, empty if its contents are meant. The tar has its sources in `new`; in `modes/NUMBER.MODE`
the names of folders that could not be filled with their own mode; and ends with `end`.

Its output stays open, unused: containerd ends the input of a command that has closed it.
Some tars leave modes to the umask; nobody else can enter the folder meanwhile. A rename moves whole
files and whole new folders; to be moved, a folder must be writable.
"""


def take(path: str) -> Sequence[str]:
    """Return the command that prints a path as a tar."""
    return ("sh", "-c", TAKE, "abcd-run-cp", path)


def put(path: str, *, stage: str, folder: bool, name: str) -> Sequence[str]:
    """Return the command that unpacks a tar; see `PUT`."""
    return ("sh", "-c", PUT, "abcd-run-cp", path, stage, "folder" if folder else "", name)
