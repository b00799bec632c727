# shellcheck shell=bash
# The environment that the command sees: a login's, plus what a test run needs from its caller.

# Names that go through from the caller.
passes_through() {
  case $1 in
    TERM | COLORTERM | COLUMNS | LINES | NO_COLOR | FORCE_COLOR | CI | SOURCE_DATE_EPOCH) ;;
    ABCD_RUN_* | PIP_* | PYTEST_ADDOPTS | HYPOTHESIS_PROFILE) ;;
    http_proxy | https_proxy | ftp_proxy | all_proxy | no_proxy) ;;
    HTTP_PROXY | HTTPS_PROXY | FTP_PROXY | ALL_PROXY | NO_PROXY) ;;
    SSL_CERT_FILE | SSL_CERT_DIR | REQUESTS_CA_BUNDLE | CURL_CA_BUNDLE | GIT_SSL_CAINFO) ;;
    *) return 1 ;;
  esac
}
passing_names() {
  local name
  for name in $(compgen -e); do
    if passes_through "$name"; then echo "$name"; fi
  done
}

# Turn this (sub)shell's environment into a login of the test user. Variables are set here and
# not through env(1): a proxy's address may hold a password, and argument lists are public.
login_environment() {
  local name entry uid
  entry=$(getent passwd "$TEST_USER") || return 1
  for name in $(compgen -e); do
    passes_through "$name" || unset "$name"
  done
  umask 022
  IFS=: read -r _ _ uid _ _ HOME SHELL <<<"$entry"
  export HOME SHELL USER=$TEST_USER LOGNAME=$TEST_USER LANG=C.UTF-8
  export PATH=$BIN:/usr/local/bin:/usr/bin:/bin XDG_RUNTIME_DIR=/run/user/$uid
  # Only where systemd keeps a manager for the user; podman then asks it for cgroups.
  if [ -S "$XDG_RUNTIME_DIR/bus" ]; then
    export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
  fi
}

# The end of a (sub)shell: become the test user and COMMAND.
exec_as_user() {
  is_root || exec "$@"
  exec /usr/bin/setpriv --reuid "$TEST_USER" --regid "$TEST_USER" --init-groups -- "$@"
}

# What tools write beside the sources goes elsewhere: the checkout is somebody else's.
caches_outside() {
  unset PYTHONDONTWRITEBYTECODE
  export PYTHONPYCACHEPREFIX=$1/pycache
  export MYPY_CACHE_DIR=$1/mypy RUFF_CACHE_DIR=$1/ruff
  export HYPOTHESIS_STORAGE_DIRECTORY=$1/hypothesis COVERAGE_FILE=$1/coverage
  case " ${PYTEST_ADDOPTS-} " in
    *" cache_dir="*) ;;
    *) export PYTEST_ADDOPTS="${PYTEST_ADDOPTS:+$PYTEST_ADDOPTS }-o cache_dir=$1/pytest" ;;
  esac
}

# What the command sees: a plain user keeps their own environment.
test_environment() {
  local runtime_folder
  if is_root; then login_environment; fi
  caches_outside "$STATE/cache"
  export VIRTUAL_ENV=$1 PATH=$1/bin:$PATH
  runtime_folder=/run/user/$(id -u)
  if [ -z "${XDG_RUNTIME_DIR-}" ] && [ -w "$runtime_folder" ]; then
    export XDG_RUNTIME_DIR=$runtime_folder
  fi
}
