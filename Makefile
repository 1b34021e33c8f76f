# `make demo` and `make test` need only python3, pip and make: they build an environment of their own in .venv.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
export PYTHONHASHSEED := 0

.PHONY: help demo test test-slow lint format lock bench bench-full calibration notebook clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

# uv lives in a small environment of its own; it finds a Python >= 3.12 on this machine, or fetches one.
$(VENV)/.uv/bin/uv:
	@python3 -m venv $(VENV)/.uv
	@$(VENV)/.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.ready: pyproject.toml requirements.lock | $(VENV)/.uv/bin/uv
	@echo "preparing the environment in $(VENV) (once; a few minutes on a slow network)"
	@python=$$(for p in python3.13 python3.12 python3.14 python3 \
	    $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.1[2-4]*/bin/python; do \
	    "$$p" -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null \
	    && { command -v "$$p"; break; }; done); \
	$(VENV)/.uv/bin/uv venv --quiet --allow-existing --python "$${python:->=3.12,<3.15}" $(VENV)
	@VIRTUAL_ENV=$(VENV) $(VENV)/.uv/bin/uv pip install --quiet --require-hashes -r requirements.lock
	@VIRTUAL_ENV=$(VENV) $(VENV)/.uv/bin/uv pip install --quiet --no-deps --editable .
	@touch $@

demo: $(VENV)/.ready ## simulate the packaged study, fit it, write demo/report.html
	@$(BIN)/bayescov demo --out demo

# Two processes, a file of tests to each at a time: its fits and what it compiles are shared within a file.
PYTEST = $(BIN)/python -m pytest -q -n 2 --dist loadfile

test: $(VENV)/.ready ## the tests
	@$(PYTEST)

test-slow: $(VENV)/.ready ## the slow statistical evidence (calibration of the samplers)
	@$(PYTEST) -m slow

lint: $(VENV)/.ready ## formatting, linter, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.ready ## format in place
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: | $(VENV)/.uv/bin/uv ## pin every dependency again
	@$(VENV)/.uv/bin/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
	    --no-emit-index-url --no-header --extra dev pyproject.toml -o requirements.lock

notebook: $(VENV)/.ready ## run the notebooks and keep what they show
	@for source in notebooks/*.py; do \
	    $(BIN)/jupytext --quiet --to ipynb --execute --output "$${source%.py}.ipynb" "$$source" || exit 1; done

# Every script of benchmarks/ that can be run: each takes --small, writes its results and refreshes its table.
BENCHMARKS = $(shell grep -l __main__ benchmarks/*.py)

bench: $(VENV)/.ready ## the benchmarks in short (under 10 minutes; results in benchmarks/results/small)
	@set -e; for script in $(BENCHMARKS); do echo "== $$script --small"; $(BIN)/python $$script --small; done

bench-full: $(VENV)/.ready ## the benchmarks as published (hours; refreshes benchmarks/README.md)
	@set -e; for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python $$script; done

# Where nothing else is said: 34/40/35 people, 14 regions, 20 data sets, null, sparse, half and dense.
calibration: $(VENV)/.ready ## whether stated probabilities come true, as published (two to four hours; refreshes two READMEs)
	@set -e; judge="$(BIN)/python benchmarks/calibration.py"; \
	$$judge; \
	$$judge --truths others; \
	$$judge --sizes 100; \
	$$judge --sizes 20; \
	$$judge --regions 30

clean: ## remove the environment and the demo's output
	@rm -rf $(VENV) demo
