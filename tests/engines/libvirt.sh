# shellcheck shell=bash
# libvirt's session: the client starts a daemon for its user, which ends when nobody needs it.

packages() {
  echo libvirt-daemon libvirt-daemon-driver-qemu libvirt-daemon-system libvirt-clients \
    qemu-system-x86 qemu-utils ovmf seabios ipxe-qemu
  # What a person's own environment may borrow; that of the tests compiles the newest.
  echo python3-libvirt
}

session() { as_user virsh --connect qemu:///session "$@"; }

# What QEMU can do is asked once, for 8 seconds, and kept; it is asked again after an upgrade.
check() { known_capabilities && session version; }
known_capabilities() {
  [ -n "$(as_user find "$(home_of "$TEST_USER")/.cache/libvirt/qemu/cache/capabilities" \
    -name '*.xml' -newercc /usr/bin/qemu-system-x86_64 2>/dev/null)" ]
}

up() { session version; }

down() {
  local domain daemon
  command -v virsh >/dev/null || return 0
  if running libvirtd >/dev/null; then
    for domain in $(session list --name); do session destroy "$domain"; done
  fi
  for daemon in libvirtd virtlogd; do end_process "$(running $daemon)" 10 as_user; done
}
# running DAEMON: its process id. The file with it is the test user's: the number in it is worth
# something only if it is this program's, and only the test user acts on it.
running() {
  local pid
  pid=$(as_user timeout 5 cat "/run/user/$(id -u "$TEST_USER")/libvirt/$1.pid" 2>/dev/null) || return
  [[ $pid =~ ^[0-9]+$ ]] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] && echo "$pid"
}
