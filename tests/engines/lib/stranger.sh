# shellcheck shell=bash
# The stranger: a second unprivileged user, in no group but their own, for the tests of isolation. A
# server of the stranger's own runs what the test user asks for; it can do nothing that the stranger
# could not do at a login, so that nobody gets any rights by it.

stranger_up() {
  getent passwd "$STRANGER" >/dev/null ||
    useradd --create-home --shell /bin/sh --user-group --comment 'abcd-run tests, another user' \
      -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 "$STRANGER"
  if daemon_pid stranger >/dev/null; then return; fi
  install -d -m 755 -o "$STRANGER" -g "$STRANGER" "$PIDS/stranger"
  # From standard input: the checkout is not always the stranger's to read.
  (cd /; exec_as_stranger setsid /usr/bin/python3 - "$PIDS/stranger/socket" \
    "$(id -u "$TEST_USER")") <"$HERE/lib/stranger.py" >>"$LOGS/stranger.log" 2>&1 9>&- &
  record_pid stranger $!
  await 10 as_user test -S "$PIDS/stranger/socket"
}

stranger_down() {
  getent passwd "$STRANGER" >/dev/null || return 0
  # All that is the stranger's, which is what tests started: the kernel lets it be nothing else.
  as_stranger kill -KILL -- -1
  rm -f "$PIDS/stranger.pid"
}

as_stranger() { (cd /; exec_as_stranger "$@"); }
exec_as_stranger() {
  exec env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$(home_of "$STRANGER")" LANG=C.UTF-8 \
    /usr/bin/setpriv --reuid "$STRANGER" --regid "$STRANGER" --init-groups -- "$@"
}
