# shellcheck shell=bash
# LXD: one daemon of root's; the test user may use it as a member of the group lxd.

packages() {
  echo lxd lxd-client lxcfs liblxc-common dnsmasq-base attr acl uidmap rsync squashfs-tools \
    iproute2 iptables nftables
}

POOL=abcdtest
NETWORK=abcdtest0
GROUP=lxd

# That it answers the test user, may map that user, and that its default profile gives a disk and a
# network.
check() {
  local profile
  may_map_user /etc/subuid && may_map_user /etc/subgid || return
  profile=$(as_user lxc query /1.0/profiles/default) &&
    grep -q '"pool"' <<<"$profile" && grep -q '"network"\|"parent"' <<<"$profile"
}

up() {
  if ! id -nG "$TEST_USER" | grep -qw $GROUP; then gpasswd --add "$TEST_USER" $GROUP; fi
  may_map_user /etc/subuid || echo "root:$(id -u "$TEST_USER"):1" >>/etc/subuid
  may_map_user /etc/subgid || echo "root:$(id -g "$TEST_USER"):1" >>/etc/subgid
  lxc query /1.0 >/dev/null 2>&1 || start
  complete_default_profile
}
# Who is in the group lxd may become root by it: that is the test user's for as long as tests run.
withdraw_rights() {
  if id -nG "$TEST_USER" | grep -qw $GROUP; then gpasswd --delete "$TEST_USER" $GROUP; fi
  sed -i "/^root:$(id -u "$TEST_USER"):1$/d" /etc/subuid
  sed -i "/^root:$(id -g "$TEST_USER"):1$/d" /etc/subgid
}
# Shared folders belong to the same person inside: an administrator allows that once for each user.
may_map_user() {
  grep -qx "root:$(id -u "$TEST_USER"):1" "$1"
}
start() {
  if under_systemd; then
    systemctl start lxd.socket
    touch "$PIDS/lxd.socket"
  else
    start_daemon lxd lxd --group $GROUP
  fi
  lxd waitready --timeout 30
}

# What `lxd init` would make, unless somebody did. The address is given: LXD's own search for a free
# network fails on some hosts.
complete_default_profile() {
  local profile
  profile=$(lxc query /1.0/profiles/default)
  if ! grep -q '"pool"' <<<"$profile"; then
    lxc storage show $POOL || lxc storage create $POOL dir
    lxc profile device add default root disk path=/ pool=$POOL
  fi
  if ! grep -q '"network"\|"parent"' <<<"$profile"; then
    lxc network show $NETWORK || lxc network create $NETWORK \
      ipv4.address="$(free_network)" ipv4.nat=true ipv6.address=none
    lxc profile device add default eth0 nic network=$NETWORK name=eth0
  fi
}
free_network() {
  local third=77
  while ip -4 route | grep -q "10\.77\.$third\."; do third=$((third + 1)); done
  echo "10.77.$third.1/24"
}

down() {
  end_daemon
  withdraw_rights
}
# An instance that still uses them keeps pool and network; it does not go on running.
end_daemon() {
  command -v lxc >/dev/null && lxc query /1.0 || return 0
  daemon_pid lxd || [ -e "$PIDS/lxd.socket" ] || return 0
  lxc list --all-projects --format csv -c n 'status=running' | xargs -r -n1 lxc stop --force
  remove_device eth0 network $NETWORK && delete_network
  remove_device root pool $POOL && lxc storage delete $POOL
  if [ -e "$PIDS/lxd.socket" ]; then
    systemctl stop lxd.service lxd.socket
    rm "$PIDS/lxd.socket"
  else
    lxd shutdown --timeout 30
    stop_daemon lxd
  fi
}
# Only a device of the default profile that is ours.
remove_device() {
  [ "$(lxc profile device get default "$1" "$2")" = "$3" ] && lxc profile device remove default "$1"
}
# LXD has been seen to delete a network and leave its dnsmasq, which then holds the address.
delete_network() {
  local pid started
  pid=$(sed -n 's/^pid: //p' /var/lib/lxd/networks/$NETWORK/dnsmasq.pid)
  started=$(start_time "$pid")
  lxc network delete $NETWORK || return
  if [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ]; then end_process "$pid" 5; fi
}
