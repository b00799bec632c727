# shellcheck shell=bash
# What the host must have before any engine: packages, devices, the test user. All as root.

# For the virtual environment (libvirt-python has no wheels), and for building and taking apart images.
base_packages() {
  echo ca-certificates rsync procps util-linux python3 python3-venv python3-dev gcc binutils libc6-dev pkg-config \
    libvirt-dev git make
  echo skopeo buildah umoci bubblewrap mmdebstrap squashfs-tools squashfs-tools-ng xorriso grub-pc-bin \
    grub-efi-amd64-bin grub-common openssh-client mtools dosfstools e2fsprogs ovmf busybox-static zstd xz-utils
  # A registry to publish to, and what signs.
  echo docker-registry gpg gpg-agent
  # Shells that complete, and what reads manual pages.
  echo zsh fish groff-base
}

missing_packages() {
  local name
  declare -A installed=()
  for name in $(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
    sed -n 's/ installed$//p'); do
    installed[$name]=1
  done
  for name in "$@"; do
    [ -n "${installed[$name]-}" ] || echo "$name"
  done
}

# install_packages NAME…: one call of apt for all that is missing.
install_packages() {
  local missing
  command -v dpkg-query >/dev/null || { say "not a Debian: installing nothing"; return 0; }
  mapfile -t missing < <(missing_packages "$@" | sort -u)
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${#missing[@]} packages (log: $LOGS/apt.log)"
  forbid_services
  lists_are_fresh || refresh_lists
  apt_install "${missing[@]}" || { refresh_lists && apt_install "${missing[@]}"; } ||
    { say "apt failed:"; tail -n 5 "$LOGS/apt.log" >&2; }
  allow_services
}
apt_install() {
  apt_quietly install --no-install-recommends "$@"
}
apt_quietly() {
  DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=600 "$@" \
    </dev/null >>"$LOGS/apt.log" 2>&1 9>&-
}
lists_are_fresh() {
  [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mtime -1 -print -quit)" ]
}
# The lock of the lists has no timeout of its own.
refresh_lists() {
  local tries
  for tries in 1 2 3 4 5 6; do
    apt_quietly update && return 0
    sleep $((tries * 2))
  done
  return 1
}

# A fresh engine must not start as a system service: rootless ones are what is tested, and LXD is
# started by its own file here. What was there before (container images forbid all) comes back. Ours
# forbids only as long as the process lives that wrote it, so that a kill or a power cut leaves
# nothing forbidden; the next run takes it away.
POLICY=/usr/sbin/policy-rc.d
BEFORE=$POLICY.before-abcd-run
POLICY_MARK='# tests/engines/run installs packages'
forbid_services() {
  allow_services
  if [ -e "$POLICY" ]; then mv "$POLICY" "$BEFORE"; fi
  (umask 022 && write_policy >"$POLICY.new" && chmod 755 "$POLICY.new" && mv "$POLICY.new" "$POLICY")
  trap allow_services EXIT
}
write_policy() {
  cat <<END
#!/bin/sh
$POLICY_MARK
started=\$(sed 's/.*) //' /proc/$$/stat 2>/dev/null | cut -d ' ' -f 20)
[ "\$started" != $(start_time $$) ] || exit 101
[ ! -x $BEFORE ] || exec $BEFORE "\$@"
END
}
is_ours() { grep -qsx -- "$POLICY_MARK" "$1"; }
allow_services() {
  if is_ours "$BEFORE"; then rm "$BEFORE"; fi # earlier versions took their own for somebody's
  if is_ours "$POLICY"; then rm "$POLICY"; fi
  if [ -e "$BEFORE" ] && ! [ -e "$POLICY" ]; then mv "$BEFORE" "$POLICY"; fi
  trap - EXIT
}

# Without udev the device nodes are root's only; with it this changes at most /dev/kvm.
open_devices() {
  local node
  for node in /dev/kvm /dev/net/tun /dev/fuse; do
    if [ -c "$node" ] && [ "$(stat -c %a "$node")" != 666 ]; then chmod 666 "$node"; fi
  done
}

make_test_user() {
  getent passwd "$TEST_USER" >/dev/null ||
    useradd --create-home --shell /bin/bash --user-group --comment 'abcd-run tests' \
      -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 "$TEST_USER"
  if ! has_own_range /etc/subuid || ! has_own_range /etc/subgid; then give_own_ranges; fi
  make_runtime_folder "$(id -u "$TEST_USER")"
}

# 65536 ids, shared with nobody: else one user's containers could touch another's.
has_own_range() {
  [ -e "$1" ] && awk -F: -v me="$TEST_USER" '
    $1 == me && $3 >= 65536 { first = $2; end = $2 + $3 }
    $1 != me { others[NR] = $2; ends[NR] = $2 + $3 }
    END {
      if (!end) exit 1
      for (i in others) if (others[i] < end && first < ends[i]) exit 1
    }' "$1"
}
give_own_ranges() {
  # Far above what useradd and LXD's package (ten million for root) give.
  local first=300000000 file
  forget_images
  touch /etc/subuid /etc/subgid
  while awk -F: -v me="$TEST_USER" -v a=$first '
    $1 != me && $2 < a + 65536 && a < $2 + $3 { taken = 1 } END { exit !taken }' \
    /etc/subuid /etc/subgid; do
    first=$((first + 65536))
  done
  for file in /etc/subuid /etc/subgid; do
    sed -i "/^$TEST_USER:/d" $file
    echo "$TEST_USER:$first:65536" >>$file
  done
}
# Images stored with other owners are unreadable under a new range: they go by the old one, in the
# namespace of which the test user is root.
forget_images() {
  local store
  store=$(home_of "$TEST_USER")/.local/share
  as_user test -e "$store/containers" || as_user test -e "$store/docker" || return 0
  if command -v podman >/dev/null; then as_user podman system migrate </dev/null >/dev/null 2>&1; fi
  as_user unshare --map-root-user --map-auto rm -rf "$store/containers" "$store/docker" ||
    as_user rm -rf "$store/containers" "$store/docker"
}

# What a login would make.
make_runtime_folder() {
  local folder=/run/user/$1
  [ -d "$folder" ] && return 0
  if under_systemd && loginctl enable-linger "$TEST_USER" && await 10 test -d "$folder"; then
    return 0
  fi
  install -d -m 755 /run/user
  install -d -m 700 -o "$TEST_USER" -g "$TEST_USER" "$folder"
}
