# Timebank's commands. `make` alone lists them.

PYTHON ?= python3
PIP_ARGS ?=
ABLATE_ARGS ?=
PYTEST_ARGS ?=
DOCS_BUILDER ?= html

VENV := .venv
BIN := $(VENV)/bin
CACHE := $(CURDIR)/.cache
PINS := pyproject.toml constraints.txt
PYTEST = $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

# Byte-compiling every file of every dependency is half of an installation's time. --no-compile leaves it to the first import,
# which does it for the few that are used and keeps the result, unless the environment says otherwise: hence unexport.
PIP_INSTALL = @echo "installing into $(VENV): a minute or so, more where torch is large (PIP_ARGS=--verbose shows it)"; \
  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt $(PIP_ARGS)
unexport PYTHONDONTWRITEBYTECODE
# What `timebank solve` imports is compiled here and now, and what other commands import: where the environment forbids Python to keep
# it later, as in many containers, a first solve would take twice as long.
SOLVE_IMPORTS := antlr4 attr dateutil hydra llvmlite matplotlib numba numpy omegaconf PIL pyparsing scipy/_lib scipy/linalg tqdm yaml
WARM_UP = @cd $(VENV)/lib/python3*/site-packages && $(CURDIR)/$(BIN)/python -m compileall -q -x '/tests?/' $(SOLVE_IMPORTS) \
  && $(CURDIR)/$(BIN)/python -m compileall -q -l . && $(CURDIR)/$(BIN)/python -c "from agents.apps import ablate, bot, match, play, solve, train"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:  # two pips must not write to one environment
.PHONY: help install dev ablate test long coverage lint kernels bench docs clean

help:  ## print this list
	@awk 'BEGIN {FS = ":.*  ## "} /^[a-z]+:.*  ## / {printf "  make %-8s  %s\n", $$1, $$2}' Makefile
	@echo
	@echo "Variables: PYTHON=$(PYTHON) (3.11 or newer makes $(VENV)), ABLATE_ARGS (overrides for make ablate),"
	@echo "PYTEST_ARGS (for make test), PIP_ARGS (options for pip install, an index of CPU-only torch for example)."

ablate: $(VENV)/.runtime  ## strength against thinking time: train a small Leduc network, print and plot the curve
	$(BIN)/timebank ablate $(ABLATE_ARGS)

test: $(VENV)/.dev  ## the test suite (PYTEST_ARGS="-m slow -n 0" for what lies beyond this and the next)
	$(PYTEST) $(PYTEST_ARGS)

long: $(VENV)/.dev  ## its longer half: processes that are stopped, training, whole commands
	$(PYTEST) -m "long and not slow" $(PYTEST_ARGS)

coverage: $(VENV)/.dev  ## the test suite, and which lines of Python it does not run
	$(PYTEST) -m "not slow" --cov --cov-report=term-missing:skip-covered $(PYTEST_ARGS)

lint: $(VENV)/.dev  ## ruff, mypy and the import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

kernels: $(VENV)/.dev  ## the kernel suite with bounds checking, then with the JIT off
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(CACHE)/numba-boundscheck $(PYTEST) -m "kernels and not slow"
	NUMBA_DISABLE_JIT=1 NUMBA_CACHE_DIR=$(CACHE)/numba-nojit $(PYTEST) -m "kernels and not slow"

bench: $(VENV)/.bench  ## our solvers beside their peers, as ratios within one run (compiles one of them: C++ compiler)
	$(BIN)/python benchmarks/solvers.py

docs: $(VENV)/.docs  ## the documentation as a site in build/docs; a warning or a broken link is an error (DOCS_BUILDER=dummy only checks)
	$(BIN)/python -m sphinx -W --keep-going --quiet --jobs auto --builder $(DOCS_BUILDER) docs build/docs
	@test $(DOCS_BUILDER) != html || echo "build/docs/index.html"

install: $(VENV)/.runtime  ## only install what the commands need

dev: $(VENV)/.dev  ## only install what the tests and linters need, too

clean:  ## remove the environment and every cache; outputs/ stays
	rm -rf docs/reference/api $(VENV) .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info
	find agents benchmarks conf games search tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Timebank needs Python 3.11 or newer, PYTHON=$(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo missing)" \
	    "(another one: make PYTHON=python3.12 ...)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# One stamp per set of dependencies, each older than its pins when they change.
$(VENV)/.runtime: $(PINS) | $(BIN)/python
	$(PIP_INSTALL) -e .
	$(WARM_UP)
	@touch $@

$(VENV)/.dev: $(PINS) | $(BIN)/python
	$(PIP_INSTALL) -e '.[dev]'
	$(WARM_UP)
	@touch $(VENV)/.runtime $@

$(VENV)/.bench: $(PINS) | $(BIN)/python
	$(PIP_INSTALL) -e '.[bench]'
	$(WARM_UP)
	@touch $(VENV)/.runtime $@

$(VENV)/.docs: $(PINS) | $(BIN)/python
	$(PIP_INSTALL) -e '.[docs]'
	@touch $(VENV)/.runtime $@
