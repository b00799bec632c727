# shellcheck shell=bash
# A checkout that the test user can read, and a virtual environment with it installed.

# Below /root, or cloned with a tight umask, the checkout itself is of no use to the test user. Who
# keeps it from others does not want a copy for them: the copy is root's, and the test user reads it.
readable_checkout() {
  local copy
  if ! is_root || as_user sh -c "$IS_READABLE" sh "$1"; then echo "$1"; return; fi
  copy=$STATE/checkout/$(path_key "$1")
  install -d -m 750 -g "$TEST_USER" "$STATE/checkout"
  rsync -a --delete --chown="root:$TEST_USER" --chmod=u+rwX,g+rX,g-w,o-rwx "$1/" "$copy/" \
    </dev/null >&2
  echo "$copy"
}
# shellcheck disable=SC2016 # expanded by the inner shell
IS_READABLE='cd "$1" 2>/dev/null && [ -z "$(find . ! -type l \( ! -readable -o -type d ! -executable \) \
  -print -quit 2>/dev/null)" ]'

path_key() { printf %s "$1" | sha256sum | cut -c1-12; }

# venv_of CHECKOUT: its folder. Every checkout has its own, so that they do not fight.
venv_of() { echo "$STATE/venv/$(path_key "$1")"; }

# refresh_venv CHECKOUT VENV: make it, or make it follow a changed pyproject.toml.
refresh_venv() {
  local made_from
  made_from=$(venv_source "$1")
  [ "$made_from" = "$(unprivileged "$2" timeout 5 cat "$2/made-from" 2>/dev/null)" ] && return 0
  say "installing abcd-run in a virtual environment (log: $2.log)"
  if ( set -o pipefail; make_venv "$1" "$2" 2>&1 | unprivileged "$2" tee "$2.log" >/dev/null ); then
    printf '%s\n' "$made_from" | unprivileged "$2" tee "$2/made-from" >/dev/null
  else
    say "could not install abcd-run:"
    unprivileged "$2" tail -n 5 "$2.log" >&2
  fi
}

venv_source() {
  extras
  cat "$1/pyproject.toml" "$1/hatch_build.py" 2>/dev/null
}
# libvirt's bindings are built from source, which a host without its headers cannot.
extras() {
  local list=podman,docker,lxd,kubernetes,oci,dev
  if pkg-config --exists libvirt 2>/dev/null; then list=$list,libvirt; fi
  echo $list
}

# Debian's Python: that of a pyenv on root's PATH is unreadable for others.
make_venv() {
  local python=/usr/bin/python3
  [ -x $python ] || python=python3
  unprivileged "$2" test -x "$2/bin/pip" || unprivileged "$2" $python -m venv "$2" || return
  unprivileged "$2" pip install --disable-pip-version-check --editable "$1[$(extras)]"
}

# A build runs code from the network: not as root, and in the environment that tests have.
unprivileged() { (test_environment "$1"; cd /; exec_as_user "${@:2}") 9<&-; }
