# shellcheck shell=bash
# VirtualBox, from Debian sid in a tree of its own, where machines start without a kernel driver: the
# processor is interpreted, at some million instructions a second. See docs/engines.md.

packages() { echo mmdebstrap bubblewrap; }

TREE=$STATE/virtualbox
SCRIPTS=$HERE/lib/virtualbox

check() {
  local name
  for name in VBoxManage VBoxHeadless; do cmp "$SCRIPTS/enter" "$BIN/$name" || return; done
  as_user timeout 10 cmp - "$TREE/usr/lib/virtualbox/VBoxHeadless" <"$SCRIPTS/VBoxHeadless" || return
  as_user VBoxManage --version
}

up() {
  [ -d "$TREE" ] || make_tree
  # Below $TREE/usr all is the test user's, who may have put links there.
  # shellcheck disable=SC2016 # expanded by the inner shell
  as_user sh -c 'cat >"$1.new" && chmod 755 "$1.new" && mv -fT "$1.new" "$1"' sh \
    "$TREE/usr/lib/virtualbox/VBoxHeadless" <"$SCRIPTS/VBoxHeadless"
  install -d -m 755 "$BIN"
  install -m 755 "$SCRIPTS/enter" "$BIN/VBoxManage"
  install -m 755 "$SCRIPTS/enter" "$BIN/VBoxHeadless"
  interpret
}

make_tree() {
  local part=$TREE.part mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
  rm -rf "$part"
  # A mirror may be frozen, its release file expired.
  mmdebstrap --mode=root --variant=minbase --components=main,contrib \
    --include=virtualbox,virtualbox-qt,xvfb,procps \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/src/*' \
    sid "$part" "$mirror" || return
  give_to_test_user "$part"
  mv "$part" "$TREE"
}

# VirtualBox starts machines as setuid root, and only from files that are root's. In the user
# namespace of `enter` the test user is root, and then what is theirs is root's.
give_to_test_user() {
  local programs=$1/usr/lib/virtualbox
  echo "$TEST_USER:x:0:0::$(home_of "$TEST_USER"):/bin/sh" >"$1/etc/passwd"
  echo "$TEST_USER:x:0:" >"$1/etc/group"
  mv "$programs/VBoxHeadless" "$programs/VBoxHeadless.plain"
  find "$1" -type f -perm /6000 -exec chmod a-s {} +
  # Last of all: from here on the test user can put something else in the place of any file.
  chown -hR "$TEST_USER:$TEST_USER" "$1/usr" "$1/etc"
}

# For all machines of the test user, so that nothing else has to know that they are interpreted.
interpret() {
  local key
  for key in VBoxInternal/HM/FallbackToIEM VBoxInternal/EM/IemExecutesAll; do
    as_user VBoxManage setextradata global $key 1
  done
  as_user VBoxManage setextradata global GUI/SuppressMessages all
}

# The machines are the launcher's business, but must not go on running. VirtualBox's server ends by
# itself, 5 seconds after the last who asked it something.
down() {
  local machine
  check || return 0
  as_user VBoxManage list runningvms | sed -n 's/.*{\(.*\)}$/\1/p' | while read -r machine; do
    as_user VBoxManage controlvm "$machine" poweroff </dev/null
  done
  await 20 server_has_ended
}
server_has_ended() { ! ps -o stat=,comm= -u "$TEST_USER" | grep -q '^[^Z].* VBoxSVC$'; }
