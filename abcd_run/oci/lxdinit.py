"""A small init for images that have none: starts the image's command as PID 1 in LXD."""

from __future__ import annotations

import re
import signal
from shlex import quote
from typing import TYPE_CHECKING

from abcd_run import variables
from abcd_run.errors import ArtifactError
from abcd_run.oci.tarwrite import Extra

if TYPE_CHECKING:
    from abcd_run.oci.model import Config

RTMIN = 34  # glibc's number
PWR = 30  # SIGPWR in a container of ours, whatever system we run on
_NUMBER = re.compile(r"[0-9]{1,2}")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SCRIPT = r"""#!/bin/sh
# Written by abcd-run: starts what the OCI image says, as the first process of an LXD container.
# Its own variables begin with _ to stay clear of the image's environment.
umask 022
# What a launcher could give in no other way.
if [ -z "${ABCD_PASSWORD+set}" ] && [ -r /etc/abcd/seed ]; then
  set -a; . /etc/abcd/seed; set +a
fi
@ENVIRONMENT@
_user=@USER@ _group=@GROUP@ _folder=@FOLDER@

_child='' _signalled=''
stop() { _signalled=yes; [ -n "$_child" ] && kill -@SIGNAL@ "$_child" 2>/dev/null; }
trap stop TERM INT @PWR@ # the last is what `lxc stop` sends

quiet() { "$@" >/dev/null 2>&1; }

# Loopback is down where LXD gives no network; without a tool to set it up, so be it.
quiet ip link set lo up || quiet ifconfig lo 127.0.0.1 up || quiet busybox ip link set lo up
if [ -e /sys/class/net/eth0 ]; then
  quiet udhcpc -b -i eth0 || quiet busybox udhcpc -b -i eth0 ||
    quiet dhclient eth0 || quiet dhcpcd eth0
fi &

# LXD's /dev is half a megabyte and has no shm, which desktops and browsers want.
if [ ! -e /dev/shm ]; then
  quiet mkdir -m 1777 /dev/shm && quiet mount -t tmpfs -o nosuid,nodev,mode=1777 shm /dev/shm
fi
read -r _host </proc/sys/kernel/hostname
[ -s /etc/hosts ] || echo "127.0.0.1 localhost $_host" 2>/dev/null >/etc/hosts

# $1 in file $2, by name or number: sets name, id, primary group and home.
look_up() {
  _name='' _id='' _main='' _home=''
  while IFS=: read -r _name _ _id _main _ _home _ || [ -n "$_name" ]; do
    [ "$_name" = "$1" ] && return
    [ "$_id" = "$1" ] && return
  done 2>/dev/null <"$2"
  _name='' _main='' _home=''
  case $1 in
    *[!0-9]* | '') echo "init: no $1 in $2"; exit 126 ;;
    *) _id=$1 ;;
  esac
}
_gid=''
if [ -n "$_group" ]; then look_up "$_group" /etc/group; _gid=$_id; fi
look_up "$_user" /etc/passwd
_uid=$_id _gid=${_gid:-${_main:-0}}
[ "${HOME+set}" ] || HOME=${_home:-/}
export HOME

# Replace this process by a command as that user, by whatever tool the image has.
become() {
  # A shell starts background processes deaf to INT and QUIT; not all tools can undo that.
  quiet env --default-signal=INT,QUIT true && set -- env --default-signal=INT,QUIT "$@"
  [ "$_uid:$_gid" = 0:0 ] && exec "$@"
  for _groups in --init-groups --clear-groups; do
    quiet setpriv --reuid="$_uid" --regid="$_gid" $_groups true &&
      exec setpriv --reuid="$_uid" --regid="$_gid" $_groups "$@"
  done
  for _tool in su-exec gosu; do
    quiet $_tool "$_uid:$_gid" true && exec $_tool "$_uid:$_gid" "$@"
  done
  quiet chroot --skip-chdir --userspec="$_uid:$_gid" / true &&
    exec chroot --skip-chdir --userspec="$_uid:$_gid" / "$@"
  [ -n "$_name" ] && quiet su -s /bin/sh -c true -- "$_name" &&
    exec su -s /bin/sh -c 'cd "$1"; shift; exec "$@"' -- "$_name" sh "$PWD" "$@"
  echo "init: cannot become user $_uid: install setpriv, su-exec, gosu, chroot or su in the image"
  exit 126
}

cd "$_folder" 2>/dev/null || { quiet mkdir -p "$_folder"; cd "$_folder" || cd /; }
[ $# -gt 0 ] || set -- @ARGUMENTS@ # a command in place of the image's own
become @ENTRYPOINT@ "$@" &
_child=$!
[ -z "$_signalled" ] || stop

# Waiting also reaps what others leave behind. A signal ends the wait, not the child; some shells
# have reaped it by then and keep its status for the next wait.
while :; do
  _signalled=''
  wait "$_child"
  _status=$?
  [ -n "$_signalled" ] && [ "$_status" -gt 128 ] || exit "$_status"
done
"""


def lxd_init(config: Config) -> list[Extra]:
    """Make an LXD init that runs the image's entrypoint; it needs /bin/sh in the image."""
    if not config.entrypoint + config.cmd:
        raise ArtifactError(
            "the image has no init and names no command to start",
            remedy="name a command: abcd-run IMAGE -- COMMAND",
        )
    user, _, group = config.user.partition(":")
    places = {
        "ENVIRONMENT": "\n".join(_exports(config.env)),
        "USER": quote(user or "0"),
        "GROUP": quote(group),
        "FOLDER": quote(config.working_dir or "/"),
        "SIGNAL": str(_signal(config.stop_signal)),
        "PWR": str(PWR),
        "ENTRYPOINT": " ".join(map(quote, config.entrypoint)),
        "ARGUMENTS": " ".join(map(quote, config.cmd)),
    }
    script = re.sub("@([A-Z]+)@", lambda place: places[place[1]], SCRIPT)
    return [Extra("sbin/init", script.encode("utf-8", "replace"), mode=0o755)]


def _exports(env: tuple[str, ...]) -> list[str]:
    """Set whatever LXD's configuration has not set; PATH always comes from the image."""
    pairs = variables.of_image(env, "the image")
    path = pairs.pop("PATH", PATH)
    lines = [f"export PATH={quote(path)}"]
    for name, value in pairs.items():
        lines.append(f'[ "${{{name}+set}}" ] || {name}={quote(value)}; export {name}')
    return lines


def _signal(name: str) -> int:
    """Return the number of the image's stop signal; TERM if it names none."""
    short = name.upper().removeprefix("SIG")
    base, _, offset = short.partition("+")
    if base == "RTMIN" and _NUMBER.fullmatch(offset):
        return RTMIN + int(offset)
    if _NUMBER.fullmatch(short):
        return int(short)
    return int(getattr(signal, f"SIG{short}", signal.SIGTERM))
