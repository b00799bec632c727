# shellcheck shell=bash
# What run, down and the engines share: where state lives, messages, daemons, the test user's shell.
#
# Root does nothing to a name that the test user could have chosen: no file in a folder of theirs, no
# process by a number that they wrote down. Such things are done as the test user (as_user), so that
# a planted link or number gives nothing that the test user could not do anyway.

TEST_USER=abcdtest
STRANGER=abcdtest2  # another user of the host, see lib/stranger.sh
case $(id -un) in
  root | "$TEST_USER") STATE=/var/lib/abcd-run-test ;;  # venvs, caches, copies of checkouts, logs
  *) STATE=${XDG_CACHE_HOME:-$HOME/.cache}/abcd-run-test ;;
esac
PIDS=/run/abcd-run-test
LOGS=$STATE/log
BIN=$STATE/bin  # commands that engines bring; the test user has them on PATH

# Standard output belongs to the command that is run.
say() { printf 'engines: %s\n' "$*" >&2; }
is_root() { [ "$(id -u)" = 0 ]; }

# Engines are the files beside run; who adds one adds a file.
all_engines() {
  local file
  for file in "$HERE"/*.sh; do basename "$file" .sh; done
}

wanted_engines() {
  local name known
  known=$(all_engines)
  [ "${ABCD_RUN_ENGINES-}" != none ] || return 0
  [ -n "${ABCD_RUN_ENGINES-}" ] || echo "$known"
  for name in $(tr , " " <<<"${ABCD_RUN_ENGINES-}"); do
    if ! grep -qx -- "$name" <<<"$known"; then
      say "ABCD_RUN_ENGINES: no engine '$name'; there are:" "$(echo "$known" | xargs)"
      return 2
    fi
    echo "$name"
  done
}

# engine NAME packages|check|up|down: in a shell of its own, so that all files use the same words.
engine() {
  (
    # shellcheck source=/dev/null
    . "$HERE/$1.sh"
    "$2"
  )
}

home_of() { getent passwd "$1" | cut -d: -f6; }
may_sudo() {
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null && return 0
  # Ask for a password only those who are likely to have the right, and can answer.
  [ -t 0 ] && id -nG | grep -Eqw 'sudo|wheel|admin' && sudo -v
}

under_systemd() { [ -d /run/systemd/system ]; }

# A daemon must not hold the lock (descriptor 9) nor the command's standard input and output.
# start_daemon NAME COMMAND…, as the caller; user_daemon the same as the test user.
start_daemon() {
  local name=$1
  shift
  setsid "$@" </dev/null >>"$LOGS/$name.log" 2>&1 9>&- &
  record_pid "$name" $!
}
user_daemon() {
  local name=$1
  shift
  (login_environment; cd /; exec_as_user setsid "$@") </dev/null >>"$LOGS/$name.log" 2>&1 9>&- &
  record_pid "$name" $!
}

# A process id alone may belong to somebody else tomorrow: its start time tells them apart.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -r -a stat <<<"${stat##*) }"
  # A zombie has ended, though PID 1 may take its time to collect it.
  [ "${stat[0]}" != Z ] && echo "${stat[19]}"
}
record_pid() { echo "$2 $(start_time "$2")" >"$PIDS/$1.pid"; }
daemon_pid() {
  local pid started
  read -r pid started 2>/dev/null <"$PIDS/$1.pid" || return 1
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && echo "$pid"
}
# stop_daemon NAME SECONDS [as_user]
stop_daemon() {
  local pid
  pid=$(daemon_pid "$1") && end_process "$pid" "${2:-10}" "${@:3}"
  rm -f "$PIDS/$1.pid"
}

# end_process PID SECONDS [as_user]: politely, then not. What is the test user's is ended as the test
# user: the kernel then sees to it that nobody else's process is hit, whatever the number.
end_process() {
  local started
  started=$(start_time "$1") || return 0
  "${@:3}" kill -TERM "$1" 2>/dev/null
  await "$2" has_ended "$1" "$started" || "${@:3}" kill -KILL "$1" 2>/dev/null
}
has_ended() { [ "$(start_time "$1")" != "$2" ]; }

# await SECONDS COMMAND…
await() {
  local end=$((SECONDS + $1))
  until "${@:2}" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}

# A short command of the engines' own, as the test user, in exactly the environment that tests see.
as_user() { (login_environment; cd /; exec_as_user "$@") 9>&-; }

# with_lock FOLDER COMMAND…: what two runs at once must not both do.
with_lock() {
  local status
  exec 9<"$1"
  flock 9
  "${@:2}"
  status=$?
  exec 9<&-
  return $status
}
