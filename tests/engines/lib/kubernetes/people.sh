# shellcheck shell=bash
# Who may use the cluster: the test user, with the Role that docs/kubernetes.md asks its owner for, and
# under the strictest of Kubernetes' standards for pods.

SPACES="$TEST_USER $TEST_USER-small" # the second has a quota for a single instance
PEOPLES_CONFIG=.kube/config
OWNERS_CONFIG=.kube/owner # who may close nodes, for tests of what a launch then says

admit_people() {
  local space
  root_kubectl apply --filename "$SCRIPTS/restricted.yml" || return
  for space in $SPACES; do
    root_kubectl create namespace "$space"
    root_kubectl --namespace "$space" apply --filename "$HERE/../../docs/kubernetes-role.yml" &&
      root_kubectl --namespace "$space" create rolebinding abcd-run --role abcd-run --user "$TEST_USER" &&
      root_kubectl --namespace "$space" create rolebinding abcd-run-reach --role abcd-run-reach \
        --user "$TEST_USER" &&
      root_kubectl --namespace "$space" create rolebinding restricted --clusterrole restricted \
        --user "$TEST_USER" || return
  done
  root_kubectl --namespace "$TEST_USER-small" create quota small --hard pods=1,limits.memory=512Mi
  root_kubectl create clusterrole nodes-owner --verb get,list,patch --resource nodes
  root_kubectl create clusterrolebinding nodes-owner --clusterrole nodes-owner --user owner
  kubeconfig "$(cat "$KEYS/person.token")" "$TEST_USER" | keep_config "$PEOPLES_CONFIG" &&
    kubeconfig "$(cat "$KEYS/owner.token")" | keep_config "$OWNERS_CONFIG"
}
# shellcheck disable=SC2016 # expanded by the inner shell
keep_config() { as_user sh -c 'umask 077; mkdir -p "$HOME/.kube" && cat >"$HOME/$1"' sh "$1"; }

# Pods end before the node does; the test user's way to the cluster goes with it.
dismiss_people() {
  local space
  for space in $SPACES; do
    root_kubectl --namespace "$space" delete pods --all --grace-period 1 --timeout 20s
  done
  # shellcheck disable=SC2016 # expanded by the inner shell
  as_user sh -c 'grep -qs "$3" "$HOME/$1" && rm -f "$HOME/$1" "$HOME/$2"' sh \
    "$PEOPLES_CONFIG" "$OWNERS_CONFIG" "https://$API"
}
