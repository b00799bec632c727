# shellcheck shell=bash
# Docker, rootless: a dockerd of the test user's own. The system's needs nobody and stays off.

packages() {
  echo docker.io rootlesskit uidmap slirp4netns fuse-overlayfs runc containerd iptables iproute2 \
    nftables
}

socket() { echo "/run/user/$(id -u "$TEST_USER")/docker.sock"; }
client() { as_user docker --host "unix://$(socket)" "$@"; }

check() { daemon_pid docker && client version --format '{{.Server.Version}}'; }

up() {
  down
  # dockerd and iptables live in sbin, which a login does not have on its PATH.
  user_daemon docker env PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    "$(rootless_script)" --exec-opt native.cgroupdriver=cgroupfs
  await 30 answers_or_died
  remember_namespace
  select_context
}

answers_or_died() { client version || ! daemon_pid docker; }

# Debian ships the script as an example, Docker's own packages on PATH.
rootless_script() {
  local script=/usr/share/docker.io/contrib/dockerd-rootless.sh
  if [ -e $script ]; then echo $script; else command -v dockerd-rootless.sh; fi
}

# As Docker's own set-up tool does for its users: docker finds the daemon without DOCKER_HOST.
select_context() {
  as_user docker context inspect rootless ||
    as_user docker context create rootless --docker "host=unix://$(socket)"
  as_user docker context use rootless
}

# A dockerd that was killed leaves its containers running. All of them live in the user namespace
# that it made, and nothing else does. The file that names dockerd is the test user's, who may have
# written any number in it: so the test user reads it, looks and kills, and sees the host's own
# namespace refused.
remember_namespace() {
  local namespace
  # shellcheck disable=SC2016 # expanded by the inner shell
  namespace=$(as_user sh -c 'readlink "/proc/$(timeout 5 cat "$1")/ns/user"' sh \
    "$(dirname "$(socket)")/docker.pid")
  if [[ $namespace =~ ^user:\[[0-9]+\]$ ]] && [ "$namespace" != "$(readlink /proc/self/ns/user)" ]; then
    echo "$namespace" >"$PIDS/docker.namespace"
  fi
}
leftovers() {
  local namespace
  namespace=$(cat "$PIDS/docker.namespace" 2>/dev/null) && [ -n "$namespace" ] || return 0
  [ "$namespace" != "$(readlink /proc/self/ns/user)" ] || return 0
  # shellcheck disable=SC2016 # expanded by the inner shell
  as_user sh -c 'for process in /proc/[0-9]*; do
    if [ "$(readlink "$process/ns/user")" = "$1" ]; then echo "${process#/proc/}"; fi
  done' sh "$namespace"
}
none_left() { [ -z "$(leftovers)" ]; }

down() {
  # Else dockerd waits 10 s for each container that does not listen to TERM.
  if check; then
    # shellcheck disable=SC2016 # expanded by the inner shell
    as_user sh -c 'docker --host "$1" ps --quiet | xargs -r docker --host "$1" kill' sh \
      "unix://$(socket)"
  fi
  stop_daemon docker 20 as_user
  leftovers | as_user xargs -r kill -KILL
  await 10 none_left
  rm -f "$PIDS/docker.namespace"
  # A zombie that PID 1 has not collected counts as running: the next dockerd would wait for it.
  as_user rm -f "$(dirname "$(socket)")"/{docker.pid,docker/containerd/containerd.pid}
}
