# `make demo` and `make test` are all one needs: each does its own set-up, and skips what is done.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
PROXY_PORT ?= 7999
PYTEST_ARGS ?=
# Of the storm of faults. SEED repeats a run.
STORE ?= sqlite
EDGE ?= own
READERS ?= 200
SECONDS ?= 600
SEED ?=
# Of the bench: QUICK=1 is five minutes of it.
QUICK ?=
BENCH_ARGS ?=
# Of the release: REHEARSAL=1 tries one that CHANGELOG.md does not name yet.
REHEARSAL ?=

PY := .venv/bin/python
export PYTHON
# Where it is set, each of the processes that tests start compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
# Set-up, then checks, then tests, whatever -j says.
.NOTPARALLEL:

.PHONY: help
help: ## Show this list.
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/make \1\t\2/p' Makefile | expand -t 20

demo demo-pushpin: export DEMO_STATIC_ROOT = $(CURDIR)/demo/static_root

.PHONY: demo
demo: setup-demo ## Serve the demo: a shop at work, this machine, every component (PORT=8000, HOST=127.0.0.1).
	@$(PY) demo/manage.py migrate --verbosity 0
	@$(PY) demo/manage.py collectstatic --no-input --clear --verbosity 0
	@echo "A shop at work, live: http://$(HOST):$(PORT)/ (Ctrl-C stops it)"
	@exec $(PY) -m uvicorn demo.asgi:application --host $(HOST) --port $(PORT) --log-level warning --timeout-graceful-shutdown 3

.PHONY: demo-pushpin
demo-pushpin: setup-demo ## Serve the demo behind Pushpin, which is installed if need be (PORT=8000, PROXY_PORT=7999).
	@scripts/pushpin.sh
	@$(PY) demo/manage.py migrate --verbosity 0
	@$(PY) demo/manage.py collectstatic --no-input --clear --verbosity 0
	@exec $(PY) -m demo.pushpin --port $(PORT) --proxy-port $(PROXY_PORT)

.PHONY: test
test: setup-test lint ## Run the whole gate: lint, types, arrows, migrations, tests.
	DJANGO_SETTINGS_MODULE=tests.settings $(PY) -m django makemigrations --check --dry-run
	CI=1 $(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# Not in the gate: tracing makes the unit tests half as slow again.
.PHONY: coverage
coverage: setup-test ## Run all tests, and fail if too few lines of the package are run.
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder --cov $(PYTEST_ARGS)

.PHONY: test-matrix
test-matrix: setup-test ## Run unit tests with each supported Python and Django, and the oldest dependencies.
	scripts/test-matrix.sh $(PYTEST_ARGS)

.PHONY: faults
faults: setup-test ## Hold the promise against faults (STORE=sqlite|postgres|redis, EDGE=own|pushpin, SECONDS=600, READERS=200, SEED=).
	$(PY) -m tests.faults --store $(STORE) --edge $(EDGE) --seconds $(SECONDS) --readers $(READERS) $(if $(SEED),--seed $(SEED))

.PHONY: docs
docs: setup-dev ## Build the documentation site into build/docs.
	$(PY) -m sphinx -c docs -b html -W --keep-going -q . build/docs
	@echo "build/docs/index.html"

.PHONY: lint
lint: setup-dev ## Check style, types and the arrows between modules.
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo

.PHONY: bench
bench: setup-bench ## Measure us beside others; QUICK=1 takes about five minutes.
	.venv-bench/bin/python -m bench $(if $(QUICK),--quick) $(BENCH_ARGS)

.PHONY: release
release: setup-test ## Build the distribution and try it, installed, in a browser (REHEARSAL=1: before it has a name).
	REHEARSAL=$(REHEARSAL) scripts/release.sh

.PHONY: format
format: setup-dev ## Let ruff mend and format what it can.
	$(PY) -m ruff check --fix-only
	$(PY) -m ruff format

.PHONY: clean
clean: ## Remove the virtual environment, caches and build results.
	rm -rf .venv .venv-bench .venv-matrix .venv-older bench/results .coverage .coverage.* .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist htmlcov
	find src demo tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: setup-demo setup-dev setup-test setup-bench
setup-demo:
	@scripts/venv.sh demo
	@scripts/bundles.sh

setup-dev:
	@scripts/venv.sh dev

setup-test: setup-dev
	@scripts/test-servers.sh

setup-bench: setup-demo
	@scripts/venv.sh bench
	@scripts/older.sh
	@scripts/test-servers.sh
