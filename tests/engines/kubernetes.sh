# shellcheck shell=bash
# Kubernetes: a cluster of one node on this host's loopback, from Debian's source package, with a
# registry beside it. The test user has what a student would: a namespace and a Role in it.

CLUSTER=$STATE/kubernetes
SCRIPTS=$HERE/lib/kubernetes
API=127.0.0.1:16443
REGISTRY=127.0.0.1:15000
# shellcheck source=/dev/null
. "$SCRIPTS/build.sh"
# shellcheck source=/dev/null
. "$SCRIPTS/node.sh"
# shellcheck source=/dev/null
. "$SCRIPTS/people.sh"

packages() {
  echo etcd-server containerd runc containernetworking-plugins docker-registry skopeo iproute2 openssl curl
  is_built || echo golang-go rsync jq make gcc libc6-dev apt
}

# In the order in which they start.
PARTS="etcd apiserver controllers scheduler containerd kubelet"

check() {
  local part
  for part in $PARTS registry; do daemon_pid "kubernetes-$part" || return; done
  as_user curl --silent --fail --max-time 3 "http://$REGISTRY/v2/" &&
    as_user kubectl --request-timeout=3s get pods --output name
}

up() {
  is_built || build || return
  down
  install -d -m 755 "$BIN"
  ln -sfT "$CLUSTER/bin/kubectl" "$BIN/kubectl"
  make_keys && start_control_plane && start_node && admit_people && start_registry
}

# An image stays in the registry, so that it is pushed once for many runs.
start_registry() {
  local store
  store=$(home_of "$TEST_USER")/.cache/abcd-run-test-registry
  # shellcheck disable=SC2016 # expanded by the inner shell
  as_user sh -c 'mkdir -p "$1" && sed -e "s|STORE|$1|" -e "s|ADDRESS|$2|" >"$1/registry.yml"' sh \
    "$store" "$REGISTRY" <"$SCRIPTS/registry.yml"
  user_daemon kubernetes-registry docker-registry serve "$store/registry.yml"
  await 10 curl --silent --fail "http://$REGISTRY/v2/"
}

down() {
  local part
  stop_daemon kubernetes-registry 5 as_user
  if daemon_pid kubernetes-apiserver; then dismiss_people; fi
  stop_node
  for part in scheduler controllers apiserver etcd; do stop_daemon "kubernetes-$part" 10; done
  rm -rf "$RUN" "$CLUSTER/state"
}

# What is of the cluster and has not ended.
leftovers() { pgrep -f -- "$RUN/|$CLUSTER/(bin|state)/"; }
