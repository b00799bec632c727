# shellcheck shell=bash
# Debian has the control plane and the kubelet as a source package only: built once per host, in some
# minutes. Root runs what is built here, so root builds it; apt checks who signed the source.

BINARIES="kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl"

is_built() {
  local name
  for name in $BINARIES pause; do [ -x "$CLUSTER/bin/$name" ] || return; done
}

build() {
  local work=$CLUSTER/build status
  rm -rf "$work"
  install -d -m 755 "$CLUSTER/bin" "$work"
  echo "building Kubernetes, which takes some minutes" # seen by who reads the log meanwhile
  (cd "$work" && fetch_source && make_binaries) && install_binaries
  status=$?
  rm -rf "$work"
  return $status
}

# With lists of our own: the host's apt may not ask for sources, and is not changed.
fetch_source() {
  local mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg
  # shellcheck disable=SC2016 # apt's own variable
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
    'Codename: bookworm' | head -n 1)
  mkdir -p lists/partial
  echo "deb-src [signed-by=$keys] ${mirror:-http://deb.debian.org/debian} bookworm main" >sources.list
  own_apt update && own_apt source --download-only kubernetes || return
  mkdir -p go/src/k8s.io/kubernetes
  tar -xzf kubernetes_*.orig.tar.gz -C go/src/k8s.io/kubernetes --strip-components=1
}
own_apt() {
  apt-get -q -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$PWD/lists" -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= \
    -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root "$@"
}

# `make` and not `go build`: it generates a part of the code.
make_binaries() {
  local version name what=
  version=$(sed -n 's/^Version: .*really\([0-9.]*\)-.*/\1/p' kubernetes_*.dsc)
  cat >version.sh <<END
KUBE_GIT_COMMIT=$(sha1sum <kubernetes_*.orig.tar.gz | cut -d ' ' -f 1)
KUBE_GIT_TREE_STATE=clean
KUBE_GIT_VERSION=v$version
KUBE_GIT_MAJOR=$(cut -d . -f 1 <<<"$version")
KUBE_GIT_MINOR=$(cut -d . -f 2 <<<"$version")
END
  for name in $BINARIES; do what="$what cmd/$name"; done
  (
    export HOME=$PWD/home GOPATH=$PWD/go GOCACHE=$PWD/cache KUBE_GIT_VERSION_FILE=$PWD/version.sh
    export GO111MODULE=off CGO_ENABLED=0
    cd go/src/k8s.io/kubernetes && nice -n 19 make all WHAT="${what# }"
  ) && gcc -Os -static -DVERSION="$version" -o pause go/src/k8s.io/kubernetes/build/pause/linux/pause.c
}

install_binaries() {
  local name out=$CLUSTER/build/go/src/k8s.io/kubernetes/_output/bin
  for name in $BINARIES; do install -m 755 "$out/$name" "$CLUSTER/bin/$name" || return; done
  install -m 755 "$CLUSTER/build/pause" "$CLUSTER/bin/pause"
}
