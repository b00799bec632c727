# abcd-run: what to do with a checkout. Each target installs what it needs, on a bare Debian 12 as
# root or with sudo; as a plain user it uses what the host has.

# The slowest first: their contracts run side by side, with the tests that meet no other instances.
ENGINES ?= libvirt virtualbox lxd docker podman browser
# An idle cluster takes a third of a processor: it is there for its own tests alone.
CLUSTER = podman kubernetes
OFTEN = -m 'not soak' --durations=10
SIDE_BY_SIDE = $(OFTEN) -n 2 --dist loadfile
# Folders of tests/e2e that are not beside the desktop, but in the steps before and after it.
OTHER_STEPS = alone in_a_tab
# What the desktop tests use: a browser, noVNC for it, and a SPICE viewer that scripts can drive.
VIEWERS = chromium novnc gir1.2-spiceclientglib-2.0 python3-gi
# What the tests of sites use.
TABS = chromium firefox-esr nginx-light
# What builds the Debian package, and what a person installs with.
PACKAGERS = debhelper fakeroot python3-pip pipx
RUN = ABCD_RUN_ENGINES="$(ENGINES)" tests/engines/run
RUN_EVERY = ABCD_RUN_ENGINES="$(ENGINES) kubernetes" tests/engines/run

# The program is in an environment of the test user's.
HERE = echo "Type ./abcd-run in this folder for abcd-run: ./abcd-run ps, ./abcd-run stop --all."

help:  ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo:  ## build the sample image and launch it in rootless podman
	@ABCD_RUN_ENGINES=podman tests/engines/run abcd-run --on podman abcd4demo
	@$(HERE)

demo-desktop:  ## build KDE Plasma and launch it on four runtimes at once
	@ABCD_RUN_ENGINES="podman docker lxd libvirt" tests/engines/run \
	  abcd-run --on podman,docker,lxd,libvirt abcd4desktop
	@$(HERE)

test:  ## run everything: formatting, lint, types, unit tests, and the contract on the real engines
	@$(RUN) tests/check
	@$(MAKE) --no-print-directory --jobs 2 versions packages
	@ABCD_RUN_PACKAGES="$(TABS)" $(RUN) python -m pytest $(SIDE_BY_SIDE) $(ENGINES:%=tests/contract/test_%.py) tests/e2e/in_a_tab
	@ABCD_RUN_PACKAGES="$(VIEWERS)" $(RUN) python -m pytest $(SIDE_BY_SIDE) $(OTHER_STEPS:%=--ignore tests/e2e/%) tests/e2e tests/faults/apart
	@$(RUN) python -m pytest $(OFTEN) tests/e2e/alone tests/isolation
	@$(MAKE) --no-print-directory --jobs 2 faults cluster

# Other systems, and other versions of what abcd-run stands on.
versions:
	@ABCD_RUN_ENGINES=none tests/engines/run tests/elsewhere/run
	@$(MAKE) --no-print-directory lowest

# What is installed as a person does it, and what takes root.
packages:
	@tests/as-root
	@tests/sticks
	@$(RUN:tests/engines/run=tests/umoci)
	@ABCD_RUN_ENGINES=none ABCD_RUN_PACKAGES="$(PACKAGERS)" tests/engines/run tests/deb
	@ABCD_RUN_ENGINES=podman ABCD_RUN_PACKAGES="$(PACKAGERS)" tests/engines/run true && tests/walk/run

faults:
	@$(RUN) python -m pytest $(OFTEN) --ignore tests/faults/apart tests/faults

cluster:
	@ABCD_RUN_ENGINES="$(CLUSTER)" tests/engines/run python -m pytest --durations=10 tests/contract/test_kubernetes.py tests/cluster

deb:  ## build a package for Debian 12 into dist/, to install with apt
	@mkdir -p dist
	@ABCD_RUN_ENGINES=none ABCD_RUN_PACKAGES="$(PACKAGERS)" tests/engines/run debian/build >dist/abcd-run.deb.new
	@file=dist/abcd-run_$$(dpkg-deb --field dist/abcd-run.deb.new Version)_$$(dpkg --print-architecture).deb && \
	  mv dist/abcd-run.deb.new "$$file" && echo "sudo apt install ./$$file"

soak:  ## run for an hour or two: hundreds of launches in a row, dozens at once
	@$(RUN) python -m pytest tests/soak
	@ABCD_RUN_PACKAGES="$(TABS) $(VIEWERS)" $(RUN) python -m pytest -m soak tests/contract tests/e2e tests/isolation tests/faults
	@ABCD_RUN_FUZZ=3000 $(RUN) python -m pytest -q -n auto --timeout=3600 -m fuzz tests/unit

check:  ## run formatting, lint, types and unit tests, in a minute or two, without engines
	@ABCD_RUN_ENGINES=none tests/engines/run tests/check -m 'not slow'

coverage:  ## list the lines that unit tests do not reach, in two minutes
	@ABCD_RUN_ENGINES=none tests/engines/run python -m pytest -q -n auto --cov=abcd_run --cov-report=term-missing:skip-covered tests/unit

lowest:  ## run the unit tests with the oldest supported dependencies
	@ABCD_RUN_ENGINES=none tests/engines/run tests/lowest

bench:  ## compare with the native tools, and write docs/benchmarks.md
	@ABCD_RUN_PACKAGES="vagrant distrobox $(TABS)" $(RUN_EVERY) python -m tests.bench >docs/benchmarks.new
	@$(RUN:tests/engines/run=tests/bench/conversion) >>docs/benchmarks.new
	@mv docs/benchmarks.new docs/benchmarks.md

engines:  ## install and start the engines, and open a shell as the test user
	@$(RUN_EVERY) bash

clean:  ## stop the engines started for tests
	@tests/engines/down

.PHONY: help demo demo-desktop test versions packages faults cluster deb soak check coverage lowest bench engines clean
