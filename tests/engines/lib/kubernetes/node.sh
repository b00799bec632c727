# shellcheck shell=bash
# The processes of the cluster: all are root's, listen on loopback, and want a certificate or token, so
# that nobody else on this host has any rights by them.

RUN=$PIDS/kubernetes
KEYS=$CLUSTER/state/keys
NODE=127.0.0.1 # its name: the API server reaches the kubelet by it
SOCKET=$RUN/containerd.sock
BRIDGE=abcdtest1

part() { start_daemon "kubernetes-$1" "${@:2}"; }
root_kubectl() { "$CLUSTER/bin/kubectl" --kubeconfig "$KEYS/root.kubeconfig" "$@"; }

# One authority, one certificate for whoever serves or asks, and a token for each user.
make_keys() {
  install -d -m 700 "$CLUSTER/state" "$KEYS"
  install -d -m 755 "$RUN"
  (
    cd "$KEYS" || exit
    umask 077
    openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=abcd-run-test \
      -keyout ca.key -out ca.crt
    openssl req -newkey rsa:2048 -nodes -subj "/O=system:masters/CN=node" -keyout node.key -out node.csr
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n' >node.ext
    openssl x509 -req -in node.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
      -extfile node.ext -out node.crt
    openssl genrsa -out service-accounts.key 2048
    new_token >root.token
    new_token >person.token
    new_token >owner.token # of the nodes: tests close them
    printf '%s,root,root,"system:masters"\n%s,%s,%s\n%s,owner,owner\n' \
      "$(cat root.token)" "$(cat person.token)" "$TEST_USER" "$TEST_USER" "$(cat owner.token)" >tokens.csv
    kubeconfig "$(cat root.token)" >root.kubeconfig
  )
}
new_token() { head -c 24 /dev/urandom | base64 | tr +/ -_; }

# kubeconfig TOKEN [NAMESPACE]: with the registry of this cluster, where abcd-run looks for it.
kubeconfig() {
  sed -e "s|API|https://$API|" -e "s|CA|$(base64 -w 0 "$KEYS/ca.crt")|" -e "s|TOKEN|$1|" \
    -e "s|NAMESPACE|${2:-default}|" -e "s|REGISTRY|http://$REGISTRY|" "$SCRIPTS/kubeconfig.yml"
}

start_control_plane() {
  local tls=("--cert-file=$KEYS/node.crt" "--key-file=$KEYS/node.key" "--trusted-ca-file=$KEYS/ca.crt")
  local peer=("${tls[@]/#--/--peer-}") etcd=https://127.0.0.1:16379 peers=https://127.0.0.1:16380
  part etcd etcd --data-dir "$CLUSTER/state/etcd" --unsafe-no-fsync --logger zap --log-level warn \
    --listen-client-urls $etcd --advertise-client-urls $etcd --client-cert-auth "${tls[@]}" \
    --listen-peer-urls $peers --initial-advertise-peer-urls $peers --peer-client-cert-auth "${peer[@]}" \
    --initial-cluster default=$peers
  part apiserver "$CLUSTER/bin/kube-apiserver" --bind-address 127.0.0.1 --secure-port "${API#*:}" \
    --tls-cert-file "$KEYS/node.crt" --tls-private-key-file "$KEYS/node.key" --cert-dir "$KEYS" \
    --etcd-servers $etcd --etcd-cafile "$KEYS/ca.crt" \
    --etcd-certfile "$KEYS/node.crt" --etcd-keyfile "$KEYS/node.key" \
    --token-auth-file "$KEYS/tokens.csv" --anonymous-auth=false --authorization-mode RBAC \
    --kubelet-client-certificate "$KEYS/node.crt" --kubelet-client-key "$KEYS/node.key" \
    --kubelet-preferred-address-types Hostname \
    --service-account-key-file "$KEYS/service-accounts.key" \
    --service-account-signing-key-file "$KEYS/service-accounts.key" \
    --service-account-issuer "https://$API" --service-cluster-ip-range 10.77.99.0/24 \
    --allow-privileged=false --enable-admission-plugins PodSecurityPolicy \
    --disable-admission-plugins ServiceAccount
  await 60 root_kubectl get --raw /readyz || return
  local common=(--kubeconfig "$KEYS/root.kubeconfig" --leader-elect=false --port 0
    --bind-address 127.0.0.1 --cert-dir "$KEYS")
  part controllers "$CLUSTER/bin/kube-controller-manager" "${common[@]}" --secure-port 16257 \
    --flex-volume-plugin-dir "$CLUSTER/state/flex" --controllers '*,-attachdetach,-serviceaccount-token'
  part scheduler "$CLUSTER/bin/kube-scheduler" "${common[@]}" --secure-port 16259
}

start_node() {
  local before
  sed -e "s|RUN|$RUN|g" -e "s|STATE|$CLUSTER/state|g" "$SCRIPTS/containerd.toml" >"$RUN/containerd.toml"
  install -d -m 700 "$CLUSTER/state/cni" "$CLUSTER/state/plugins"
  sed -e "s|BRIDGE|$BRIDGE|" -e "s|STATE|$CLUSTER/state|" "$SCRIPTS/cni.conflist" \
    >"$CLUSTER/state/cni/10-abcd.conflist"
  (ulimit -n "$(ulimit -Hn)"; part containerd containerd --config "$RUN/containerd.toml")
  await 20 node_ctr version && import_pause || return
  sed -e "s|KEYS|$KEYS|g" -e "s|STATE|$CLUSTER/state|g" "$SCRIPTS/kubelet.yml" >"$RUN/kubelet.yml"
  # The kubelet sets these for itself when it starts.
  before=$(sysctl vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops \
    kernel.keys.root_maxkeys kernel.keys.root_maxbytes)
  part kubelet "$CLUSTER/bin/kubelet" --config "$RUN/kubelet.yml" --kubeconfig "$KEYS/root.kubeconfig" \
    --root-dir "$CLUSTER/state/kubelet" --cert-dir "$KEYS" --hostname-override $NODE \
    --container-runtime remote --container-runtime-endpoint "unix://$SOCKET"
  await 60 node_is_ready
  local status=$?
  sysctl --quiet --load=- <<<"$before"
  return $status
}
node_ctr() { ctr --address "$SOCKET" --namespace k8s.io "$@"; }
node_is_ready() {
  root_kubectl get node $NODE --output 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' | grep -q True
}

# The image of a pod's first process, as docker would save it.
import_pause() {
  local work=$CLUSTER/state/pause sum
  install -d "$work"
  tar --create --file "$work/layer.tar" --directory "$CLUSTER/bin" --owner 0 --group 0 pause
  sum=$(sha256sum <"$work/layer.tar" | cut -d ' ' -f 1)
  printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["/pause"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(dpkg --print-architecture)" "$sum" >"$work/config.json"
  printf '[{"Config":"config.json","RepoTags":["abcd-run.test/pause:1"],"Layers":["layer.tar"]}]' \
    >"$work/manifest.json"
  tar --create --directory "$work" manifest.json config.json layer.tar | node_ctr images import -
}

stop_node() {
  local task folder
  stop_daemon kubernetes-kubelet 10
  if daemon_pid kubernetes-containerd; then
    for task in $(node_ctr tasks list --quiet); do node_ctr tasks delete --force "$task"; done
  fi
  stop_daemon kubernetes-containerd 10
  pgrep -f -- "containerd-shim.* -address $SOCKET" | xargs -r kill -KILL
  # Innermost first.
  grep -o " \($CLUSTER/state\|$RUN\)/[^ ]*" /proc/mounts | sort -r | xargs -r umount --lazy
  ip link delete $BRIDGE 2>/dev/null
  for folder in /var/log/pods/abcdtest*; do rm -rf -- "$folder"; done
  find /var/log/containers -xtype l -delete 2>/dev/null
  rmdir /var/log/pods /var/log/containers /var/lib/cni/results /var/lib/cni 2>/dev/null
}
