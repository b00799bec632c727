# shellcheck shell=bash
# Pages in a browser: there is no engine, but somebody who opens them, and node, which boots a site's
# machine once.

# Where node comes with its own npm, Debian's would be in its way.
packages() {
  echo chromium
  command -v npm >/dev/null || echo nodejs npm
}

check() { true; }

up() { :; }

# The servers of pages are the launcher's business, and end when it stops their instances.
down() { :; }
