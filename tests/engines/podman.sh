# shellcheck shell=bash
# Podman, rootless: no daemon, only the user's settings for hosts where the defaults fail.

packages() {
  echo podman uidmap slirp4netns fuse-overlayfs catatonit runc containernetworking-plugins \
    iptables iproute2 nftables
}

# Not before there are settings: podman's first command of all decides how images are stored.
# (`podman info` would name the driver, but takes ten times as long as a list.)
check() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  as_user sh -c '[ -e "$1/storage.conf" ] && ! [ -e "$2/vfs-layers" ] && podman ps --quiet' sh \
    "$(settings)" "$(store)"
}
settings() { echo "$(home_of "$TEST_USER")/.config/containers"; }
store() { echo "$(home_of "$TEST_USER")/.local/share/containers/storage"; }

up() {
  as_user mkdir -p "$(settings)"
  # Without it a fresh store is vfs on some hosts, which copies every layer.
  write_setting storage.conf '[storage]' 'driver = "overlay"'
  # crun refuses the hybrid of cgroup v1 and v2, and there is no systemd to ask for a cgroup.
  if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
    write_setting containers.conf '[engine]' 'runtime = "runc"' 'cgroup_manager = "cgroupfs"' \
      'events_logger = "file"'
  fi
  # An older store's own record of its driver wins over any setting.
  if as_user test -e "$(store)/vfs-layers"; then as_user podman system reset --force; fi
}
write_setting() {
  printf '%s\n' "${@:2}" | as_user tee "$(settings)/$1" >/dev/null
}

# The containers are the launcher's business, but must not go on running; the process that holds
# the user's namespace ends with `migrate`.
down() {
  command -v podman >/dev/null || return 0
  as_user podman stop --all --time 0
  as_user podman system migrate
}
