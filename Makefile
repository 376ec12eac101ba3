# `make` lists all targets. Needs Python 3.11+; Node 20+ only for the widget and its tests.

HOST ?= 127.0.0.1
PORT ?= 8000
# Measuring takes half as much CPU time again.
COVERAGE ?= 0
# Twice the cores: tests that start servers and browsers wait half of their time.
PROCESSES ?= 4
PYTHON ?= python3
BIN := .venv/bin
# One more than the cores, as some tests wait for other threads and processes.
QUICK_PROCESSES := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
NPM := npm --prefix widget-js --loglevel=error --no-fund --no-audit
CODE := loquent contacts widgets benchmarks conftest.py manage.py
# For commands that only read the code: without secrets and files.
PLAIN := env -u SECRET_KEY_FILE -u DATABASE_URL_FILE -u REDIS_URL -u WORKERS DEBUG=1 DATABASE_URL=sqlite://:memory:
# Compiled tests and the folders that are not read save a fifth of the CPU time.
PYTEST_QUICK := env -u DATABASE_URL -u REDIS_URL -u PYTHONDONTWRITEBYTECODE \
	$(BIN)/python -m pytest -q -n $(QUICK_PROCESSES) --dist worksteal -p no:schemathesis -p no:hypothesispytest \
	-o faulthandler_timeout=0 \
	--ignore=loquent/tests/test_api_schema.py $(addprefix --ignore=widgets/tests/,browser faults server)
QUICK := not browser and not server and not exhaustive and not slow
# Prints the current step of a long run, and when it started.
STEP := @printf '%s %s\n' "$$(date -u +%T)"
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
PIP_INSTALL := pip install --quiet --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run install check audit format test test-quick test-python test-sqlite test-js test-js-quick lock widget bench clean

help: ## list all targets
	@sed -n 's/^\([a-z-]*\):[^#]*## */  make \1\t/p' Makefile | expand -t 20

run: .venv/.run ## start the demo, at http://HOST:PORT/demo/
	@exec .ci/demo '$(HOST)' '$(PORT)'

install: .venv/.dev ## install everything for development
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory widget-js/node_modules; \
	else echo "Node.js is not installed: the widget can't be built or tested here."; fi

check: .venv/.dev widget-js/node_modules ## check lint, types, imports, migrations, API schema, bundle
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo --no-cache
	$(PLAIN) $(BIN)/python manage.py check
	$(PLAIN) $(BIN)/python manage.py makemigrations --check --dry-run
	$(PLAIN) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(NPM) run --silent check

test-quick: .venv/.dev ## run the tests without browsers, servers and other processes; about a minute
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory -j2 -Oline test-python test-js-quick; \
	else $(MAKE) --no-print-directory test-python && \
	echo "Node.js is not installed: the widget's tests were skipped."; fi

# Creating the tables of the models takes a quarter of the time of all migrations.
test-python:
	TABLES_OF_MODELS=1 $(PYTEST_QUICK) -m "$(QUICK) and not row and not costly"

# What a second database can tell apart.
test-sqlite:
	$(PYTEST_QUICK) -m "$(QUICK) and database"

test: .venv/.dev ## run all tests on PostgreSQL and Redis, in three browsers; and those of the database on SQLite
	$(STEP) 'Packages of Debian and npm'
	@$(BIN)/python -m loquent.testing.packages
	@$(MAKE) --no-print-directory widget-js/node_modules
	$(STEP) 'On PostgreSQL and Redis, in Chromium, Firefox and WebKit'
	$(BIN)/python -m loquent.testing.rig $(BIN)/python -m pytest -q --durations=10 \
		-n $(PROCESSES) --maxschedchunk 1 $(if $(filter-out 0,$(COVERAGE)),--cov --cov-branch --cov-report=term --cov-fail-under=$(COVERAGE))
	$(STEP) 'On SQLite, and the tests of the widget'
	@$(MAKE) --no-print-directory -j2 -Oline test-sqlite test-js
	$(STEP) 'All passed'

test-js: widget-js/node_modules
	$(NPM) test --silent

test-js-quick: widget-js/node_modules
	$(NPM) run --silent test:quick

lock: .venv/.dev ## update locks/ after requirements change; UPGRADE=1: newest versions
	@UPGRADE='$(UPGRADE)' .ci/lock

widget: widget-js/node_modules ## build widget-js/dist/widget.min.js
	$(NPM) run --silent build

bench: .venv/.dev ## benchmark the server and others; 15 to 20 minutes
	$(BIN)/python -m benchmarks

audit: .venv/.dev .venv/.audit widget-js/node_modules ## list known vulnerabilities of dependencies; queries PyPI and npm
	@status=0; \
	.venv/audit/bin/pip-audit --strict --progress-spinner=off \
		--path "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" || status=1; \
	npm --prefix widget-js --loglevel=error audit || status=1; \
	exit $$status

format: .venv/.dev widget-js/node_modules ## format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(NPM) run --silent format

clean: ## remove installed and cached files; keeps the data in var/
	rm -rf .venv widget-js/node_modules .mypy_cache .ruff_cache .hypothesis .coverage*
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/pip:
	@PYTHON='$(PYTHON)' .ci/venv

.venv/.run: locks/requirements.txt .venv/bin/pip
	$(BIN)/$(PIP_INSTALL) -r locks/requirements.txt
	@touch $@

.venv/.dev: locks/requirements-dev.txt .venv/.run
	$(STEP) 'Packages of PyPI'
	$(BIN)/$(PIP_INSTALL) -r locks/requirements-dev.txt
	@touch $@

.venv/.audit: locks/requirements-audit.txt .venv/bin/pip
	$(BIN)/python -m venv --clear .venv/audit
	.venv/audit/bin/$(PIP_INSTALL) -r locks/requirements-audit.txt
	@touch $@

widget-js/node_modules: widget-js/package-lock.json
	$(NPM) ci
	@touch $@
