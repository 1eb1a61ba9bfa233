# AgentDesk. `make demo` is all a newcomer needs; `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
# What pip says is worth reading only if it fails.
LOGGED = >>$(VENV)/setup.log 2>&1 || { tail -n 15 $(VENV)/setup.log >&2; \
	echo "Setting up failed (the packages come from the network); all that was said is in $(VENV)/setup.log" >&2; exit 1; }

# The first interpreter that is new enough; one that can make environments is preferred.
PYTHON ?= $(shell best=; for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 || continue; \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	$$p -c 'import ensurepip, venv' >/dev/null 2>&1 && { echo $$p; exit; }; best=$${best:-$$p}; done; echo $$best)

# One worker a processor; `make test WORKERS=0` runs everything in one process, for a debugger.
WORKERS ?= auto
PYTEST = $(PY) -m pytest --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal

# Real servers and terminals for `make test-all`, as Debian and Ubuntu name them.
APT := dovecot-imapd openssl tmux xterm xvfb x11-apps xfonts-base

.PHONY: help
help:
	@echo "make demo       open a desk on the embedded shop (sets everything up the first time)"
	@echo "make test       the tests that need no root and no server"
	@echo "make test-all   all tests; installs real servers by apt first, saying which"
	@echo "make lint       ruff, mypy, the layers"
	@echo "make lock       resolve the dependencies anew"
	@echo "make bench      the numbers of the README"
	@echo "make faults     kills, cuts, full disks and lying servers, in full: hours; ARGS=\"--rounds 100 fuzz\" for less"
	@echo "make wheel      build the wheel into dist/"
	@echo "make clean      remove what the others made"

# -- environment: made once, renewed when a lock changes

$(PY):
	@if [ -z "$(PYTHON)" ]; then \
		echo "AgentDesk needs Python 3.11 or newer; there is none on the PATH. On Debian, as root: apt-get install python3 python3-venv" >&2; exit 1; fi
	@if ! $(PYTHON) -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "$(PYTHON) can't make environments here. Install what it lacks first. On Debian, as root: apt-get install python$$version-venv" >&2; exit 1; fi
	@echo "Setting up once, in $(VENV)/ ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: requirements.lock pyproject.toml | $(PY)
	@echo "Installing what the desk and its demo need ..."
	@$(PIP) install --compile --requirement requirements.lock $(LOGGED)
	@$(PIP) install --no-deps --no-build-isolation --editable . $(LOGGED)
	@$(PY) -m compileall -q agentdesk
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.demo | $(PY)
	@echo "Installing what the tests need ..."
	@$(PIP) install --compile --requirement requirements-dev.lock $(LOGGED)
	@touch $@

.PHONY: demo
demo: $(VENV)/.demo
	@exec $(BIN)/agentdesk demo $(ARGS)

# -- checks

.PHONY: test
test: $(VENV)/.dev
	@exec $(PYTEST) $(ARGS)

.PHONY: servers
servers:
	@missing=; for p in $(APT); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	echo "Installing for the tests with real servers:$$missing"; \
	sudo=; if [ "$$(id -u)" != 0 ]; then sudo=sudo; fi; \
	for needed in apt-get $$sudo; do command -v $$needed >/dev/null || { \
		echo "There is no $$needed here. Install as root what Debian calls$$missing" >&2; exit 1; }; done; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null

.PHONY: test-all
test-all: servers $(VENV)/.dev
	@AGENTDESK_REQUIRE_SERVERS=1 exec $(PYTEST) $(ARGS)

.PHONY: lint
lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: bench
bench: $(VENV)/.dev
	@for b in picker command_line; do echo "== $$b"; $(PY) bench/$$b.py; echo; done
	@$(PY) -m bench $(ARGS)

.PHONY: faults
faults: $(VENV)/.dev
	@exec $(PY) -m faults $(ARGS)

# -- releases

.PHONY: lock
lock: $(VENV)/.dev
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url \
		--no-emit-package agentdesk --upgrade --extra demo --extra oauth --extra checkout pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url \
		--no-emit-package agentdesk --upgrade --extra dev --extra checkout --constraint requirements.lock pyproject.toml \
		--output-file requirements-dev.lock

.PHONY: wheel
wheel: $(VENV)/.dev
	@$(PY) -m build --no-isolation --outdir dist .

.PHONY: clean
clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
