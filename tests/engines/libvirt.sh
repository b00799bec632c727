# shellcheck shell=bash
# libvirt's session: the client starts a daemon for its user, which ends when nobody needs it.

packages() {
  echo libvirt-daemon libvirt-daemon-driver-qemu libvirt-daemon-system libvirt-clients \
    qemu-system-x86 qemu-utils ovmf seabios ipxe-qemu
}

session() { as_user virsh --connect qemu:///session "$@"; }

# What QEMU can do is asked once, for 8 seconds, and kept; it is asked again after an upgrade.
check() { known_capabilities && session version; }
known_capabilities() {
  [ -n "$(find "$(home_of "$TEST_USER")/.cache/libvirt/qemu/cache/capabilities" -name '*.xml' \
    -newercc /usr/bin/qemu-system-x86_64 2>/dev/null)" ]
}

up() { session version; }

down() {
  local domain daemon
  command -v virsh >/dev/null || return 0
  if [ -e "$(pid_file libvirtd)" ]; then
    for domain in $(session list --name); do session destroy "$domain"; done
  fi
  for daemon in libvirtd virtlogd; do
    if [ -e "$(pid_file $daemon)" ]; then end_process "$(as_user cat "$(pid_file $daemon)")" 10; fi
  done
}
pid_file() { echo "/run/user/$(id -u "$TEST_USER")/libvirt/$1.pid"; }
