# Set-up, checks and the demo. The variable PYTHON chooses the interpreter of .venv, WORKERS how many
# processes run the tests, MINUTES how long a soak takes, and CASES and COMPARE what the two halves
# of bench measure (see docs/benchmarks.md):
#   make PYTHON=python3.12 test
#   make MINUTES=60 soak
#   make CASES="--case ranking" COMPARE="--measure step --contender reference" bench

PYTHON ?= python3
MINUTES ?= 20
WORKERS ?= auto
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
DOCS_STAMP := $(VENV)/installed-docs
PIP := $(BIN)/python -m pip --disable-pip-version-check

# Where it is set, every command that a test starts would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-slow lint format wheel docs test-gpu bench bench-gpu soak clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

# Compiling every module of torch takes as long as unpacking it, and few of them are ever imported.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
	  || { echo "graphrec needs Python 3.11, 3.12, 3.13 or 3.14, and PYTHON=$(PYTHON) is not; try: make PYTHON=python3.11" >&2; exit 1; }
	@echo "installing into $(VENV) (a few minutes the first time)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --no-compile -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## install, train on the built-in data set, print its test metrics
	$(BIN)/graphrec train

test: $(STAMP) lint ## install, lint, and the fast tests: what to run between two edits
	$(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 8 -m 'not slow'

test-slow: $(STAMP) wheel ## the rest: processes, long trainings, hostile files, the wheel; all of CI with test
	$(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 8 -m slow

lint: $(STAMP) ## formatting, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## format and fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(STAMP) ## build the wheel, install it elsewhere and run it
	$(BIN)/python tests/check_wheel.py

$(DOCS_STAMP): $(STAMP)
	@$(PIP) install --quiet --no-compile -c constraints.txt -e '.[docs]'
	@touch $@

docs: $(DOCS_STAMP) ## build the documentation site in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build/html
	@echo docs/_build/html/index.html

test-gpu: $(STAMP) ## the tests that need a CUDA device
	@$(BIN)/python -c 'import sys, torch; torch.cuda.is_available() or sys.exit("make test-gpu needs a CUDA device, and torch sees none")'
	$(BIN)/python -m pytest -q -m gpu

bench: $(STAMP) ## speed and memory, beside a reference and the peers, into docs/benchmarks.md
	$(BIN)/python tests/bench/run.py $(CASES)
	$(BIN)/python tests/bench/compare.py --write docs/benchmarks.md $(COMPARE)

bench-gpu: $(STAMP) ## the training step and the ranking on a CUDA device
	@$(BIN)/python tests/bench/gpu.py

soak: $(STAMP) ## random attempts to break it, for MINUTES (20)
	$(BIN)/python tests/soak/soak.py --minutes $(MINUTES)

clean: ## remove .venv, .bench, builds and caches (run directories stay)
	rm -rf $(VENV) .bench build dist docs/_build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find graphrec_cli tests -type d -name __pycache__ -prune -exec rm -rf {} +
