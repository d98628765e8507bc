# Every command a person needs. CI calls only these targets.
# A comment that starts with two number signs is the help of its target.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_HOME := $(CURDIR)/demo-home

# What the tests need beside the README's line: a browser for the pages, and the
# sandbox in which Access files are read. Each with the program it brings.
TEST_PACKAGES := mdbtools:mdb-export bubblewrap:bwrap chromium:chromium

# sqlfluff compiles the models through dbt, which writes here and nowhere else.
LINT_SETTINGS := DBT_TARGET_PATH=target/lint DBT_LOG_PATH=target/lint/logs \
	DO_NOT_TRACK=1

# Beside pass and fail a run says what an intruder tried and got: see the report there.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --intruder-report=target

CHECKS := check-style check-format check-types check-imports check-sql

.PHONY: help setup demo test test-packages check $(CHECKS) staging dagster clean \
	threat-model intruder-report bench soak

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) \
		| sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 17

setup: $(VENV)/.project ## make .venv with locked dependencies, `parity` and `dbt`

# Only when the lock changed. Hashes are required of every file; the older pip of
# Debian 12 needs --no-deps beside that. Bytecode is written once, here: where it is
# not, dbt compiles itself anew at every call.
$(VENV)/.lock: requirements.lock
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check \
		--require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true # templates are no Python
	touch $@

$(VENV)/.project: $(VENV)/.lock pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	touch $@

demo: setup ## synthetic home, three providers, a year, everything built and shown
	$(BIN)/python -m parity.cli.demo $(DEMO_HOME)

test: setup test-packages check ## everything CI runs: checks and all tests
	$(PYTEST)

# All of them, also when one fails, so that one run tells everything.
check: setup ## lint; edits nothing
	@$(MAKE) --no-print-directory --keep-going $(CHECKS)

check-style: setup
	$(BIN)/ruff check .

check-format: setup
	$(BIN)/ruff format --check .

check-types: setup
	$(BIN)/mypy

check-imports: setup
	$(BIN)/lint-imports

check-sql: setup
	$(LINT_SETTINGS) $(BIN)/sqlfluff lint --disable-progress-bar models tests/data

test-packages:
	@for pair in $(TEST_PACKAGES); do \
		package=$${pair%%:*}; program=$${pair##*:}; \
		if command -v $$program >/dev/null; then continue; fi; \
		if [ "$$(id -u)" != 0 ]; then \
			echo "make test needs the Debian package $$package:" \
				"sudo apt-get install $$package" >&2; \
			exit 1; \
		fi; \
		apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends $$package; \
	done

intruder-report: setup test-packages ## attack the defences alone: target/intruder-report.md
	$(PYTEST) -m attack

# The tests that draw values at random, ten times larger and with other values.
soak: setup ## draw ten times as many random values as CI does
	PARITY_SOAK=10 $(BIN)/pytest --numprocesses 2 --dist loadfile \
		$$(grep -rlE '^from scale import' tests --include='test_*.py')

bench: setup ## how fast pseudonyms are made, in how much memory; fails below target
	$(BIN)/python benchmarks/pseudonyms.py

threat-model: setup ## write docs/explanation/threat-model.md from the marks of the tests
	PYTHONPATH=tests $(BIN)/python -m threats.page

staging: setup ## write the staging models anew from the specification
	$(BIN)/python -m parity.warehouse.staging_models

dagster: setup ## show the demo's graph in Dagster's pages, on this machine alone
	PARITY_HOME=$(DEMO_HOME) DAGSTER_HOME=$(DEMO_HOME)/operations/dagster \
		$(BIN)/dagster dev --host 127.0.0.1 -m orchestration.definitions

clean: ## remove what can be made anew: dbt's target, caches; never a home
	rm -rf target logs .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
