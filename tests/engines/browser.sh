# shellcheck shell=bash
# Pages in a browser: there is no engine, but somebody who opens them, and node, which boots a site's
# machine once.

packages() { echo chromium nodejs npm; }

check() { true; }

up() { :; }

# The servers of pages are the launcher's business, and end when it stops their instances.
down() { :; }
