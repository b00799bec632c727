#!/bin/sh
# Whether packages may start services: only where OpenRC runs, not while an image is built.
[ -e /run/openrc/softlevel ] || exit 101
