# The only entry point: people, CI and the documents all call these targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := python -m pip install -qq --disable-pip-version-check
PIP := $(BIN)/$(INSTALL)
PORT ?= 3000
PYTEST ?=
# Tests wait for sockets and other processes: one worker more than there are cores.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(1 + os.cpu_count())")
XDIST := --numprocesses $(WORKERS) --maxprocesses 8 --dist loadgroup --no-loadscope-reorder
# Tests that need no lake and wait for no other process.
QUICK := tests/test_architecture.py tests/test_docs.py tests/warehouse/calendar tests/warehouse/settings \
    tests/warehouse/sources tests/warehouse/test_validation.py tests/execution/planning tests/execution/orders \
    tests/execution/brokers tests/research/statistics
LOCK ?= --upgrade
MUTANTS ?= 100
SEED ?= 1
SESSIONS ?= 60

.PHONY: help setup demo quick fix test mutants soak lint dev bench docs lock browser checkers clean

help: ## Show what each target does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

# Each environment is a stamp: made again only when its lock changes.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@echo "Making the environment in $(VENV) (about two minutes the first time) …"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement requirements/build.txt
	$(PIP) --require-hashes --requirement requirements/runtime.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	@echo "Adding the test and lint tools …"
	$(PIP) --require-hashes --requirement requirements/dev.txt
	touch $@

# The broker's other clients, which cannot live beside the first.
.venv-ib-async/.test: requirements/test-ib-async.txt pyproject.toml
	@echo "Making the environment of the other client library in .venv-ib-async …"
	test -x .venv-ib-async/bin/python || $(PYTHON) -m venv .venv-ib-async
	.venv-ib-async/bin/$(INSTALL) --require-hashes --requirement requirements/test-ib-async.txt
	.venv-ib-async/bin/$(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

.venv-ibapi/.test: requirements/ibapi.txt
	@test -x .venv-ibapi/bin/python || $(PYTHON) -m venv .venv-ibapi
	.venv-ibapi/bin/$(INSTALL) --require-hashes --requirement requirements/ibapi.txt
	touch $@

setup: $(VENV)/.runtime ## Make the environment in .venv, with .venv/bin/swing

demo: $(VENV)/.runtime ## Import a sample market, run the whole pipeline, show what came out
	@SWING_HOME="$(CURDIR)/.swing/demo" $(BIN)/swing demo

browser:
	@command -v chromium chromedriver >/dev/null && exit 0
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing a browser for the UI test …"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver >/dev/null; \
	else echo "No chromium and chromedriver on PATH: the UI test will be skipped."; fi

# Of Prometheus' packages only the two checkers are taken: installed, they would start servers.
checkers:
	@has() { for tool; do command -v $$tool >/dev/null || test -x $(VENV)/tools/usr/bin/$$tool || return 1; done; }
	if ! has apt-get dpkg-deb; then exit 0; fi  # deploy/check says what is not here
	if [ "$$(id -u)" = 0 ] && ! has systemd-analyze logrotate; then
	    echo "Installing systemd-analyze and logrotate, which check deployment files …"
	    (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends systemd logrotate) \
	        >/dev/null 2>&1 || echo "They could not be installed."
	fi
	if ! has promtool amtool; then
	    echo "Fetching promtool and amtool, which check deployment files …"
	    [ "$$(id -u)" != 0 ] || apt-get update >/dev/null 2>&1 || true
	    mkdir -p $(VENV)/tools
	    fetched=$$(mktemp -d)
	    (cd $$fetched && apt-get download -qq prometheus prometheus-alertmanager) 2>/dev/null || true
	    for package in $$fetched/*.deb; do [ ! -e $$package ] || dpkg-deb -x $$package $(VENV)/tools; done
	    rm -r $$fetched
	fi

quick: $(VENV)/.dev ## Lint what changed and run the quick tests: under a minute
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	changed=$$(git diff --name-only --diff-filter=d HEAD -- '*.sql'; git ls-files --others --exclude-standard -- '*.sql')
	[ -z "$$changed" ] || $(BIN)/sqlfluff lint --disable-progress-bar $$changed
	$(BIN)/python -m pytest -q $(XDIST) -m "not slow" $(QUICK) $(PYTEST)

fix: $(VENV)/.dev ## Format Python and SQL, and mend what the linters can mend
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --disable-progress-bar dbt_project

test: $(VENV)/.dev .venv-ib-async/.test .venv-ibapi/.test browser ## Run the whole test suite
	@$(BIN)/python -m pytest $(XDIST) $(PYTEST)
	echo "The broker's seam once more, with the other client library:"
	.venv-ib-async/bin/python -m pytest -q $(XDIST) tests/execution/brokers

.venv-mutants/.test: requirements/mutants.txt
	@test -x .venv-mutants/bin/python || $(PYTHON) -m venv .venv-mutants
	.venv-mutants/bin/$(INSTALL) --require-hashes --requirement requirements/mutants.txt
	touch $@

mutants: $(VENV)/.dev .venv-mutants/.test ## Plant MUTANTS=100 random faults where money moves, and list those that no test finds
	@rm -rf .tmp-mutants
	git clone --quiet . .tmp-mutants
	cd .tmp-mutants
	ln -s ../$(VENV) $(VENV)
	export PYTHONPATH=$$PWD
	../.venv-mutants/bin/cosmic-ray init tests/mutants.toml session.sqlite
	$(BIN)/python tests/support/sampled_mutants.py keep session.sqlite $(MUTANTS) $(SEED)
	../.venv-mutants/bin/cosmic-ray exec tests/mutants.toml session.sqlite
	../.venv-mutants/bin/cr-report --surviving-only --show-diff session.sqlite
	$(BIN)/python tests/support/sampled_mutants.py score session.sqlite

soak: $(VENV)/.dev ## Let SESSIONS=60 simulated sessions pass unattended, with faults, and write docs/soak.md
	@$(BIN)/python tests/support/soak.py $(SESSIONS) docs/soak.md

lint: $(VENV)/.dev checkers ## ruff, mypy strict, sqlfluff; deployment files, each by the tool that will read it
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_project
	deploy/check

dev: $(VENV)/.runtime ## Open the Dagster UI on http://127.0.0.1:3000 (PORT=… for another port)
	@$(BIN)/swing dev --port $(PORT)

bench: $(VENV)/.runtime ## Measure against the peers, side by side in one run
	@PYTHON=$(PYTHON) benchmarks/run

docs: $(VENV)/.runtime ## Build the documentation of every relation
	@$(BIN)/swing docs

lock: ## Lock the dependencies again (needs uv)
	@lock() { uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    --no-strip-extras --quiet $(LOCK) --output-file requirements/$$1.txt "$${@:2}"; }
	lock build requirements/build.in
	lock runtime pyproject.toml --extra ib-insync
	lock runtime-ib-async pyproject.toml --extra ib-async
	lock test-ib-async pyproject.toml --extra ib-async --group test --constraint requirements/runtime-ib-async.txt
	lock dev pyproject.toml --extra ib-insync --group dev --constraint requirements/runtime.txt
	lock ibapi requirements/ibapi.in
	lock mutants requirements/mutants.in

clean: ## Remove the environment and every generated file (never the warehouse)
	@rm -rf $(VENV) .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis dbt_project/target dbt_project/logs
