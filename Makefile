# Two commands do everything: `make demo` and `make test`. Both set up what they need in .venv.

.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin

# The first Python of the range the project supports that really runs; override with `make PYTHON=...`.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& { echo "$$p"; break; }; done)

.PHONY: help setup demo test quick lint lock clean

help: ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.installed ## make .venv with everything the project needs

$(VENV)/.installed: requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "modelwatch needs Python 3.11, 3.12 or 3.13 with its venv module" >&2; exit 2; }
	@echo "Setting up $(VENV) with $(PYTHON); the first time takes a minute or two ..."
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## play thirty days of a monitored model, with faults, alerts and a dashboard
	$(BIN)/modelwatch demo $(DEMO_ARGS)

lint: setup ## formatting, lint, types and the walls between rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## everything: lint and the whole test suite, a file at a time on each core
	$(BIN)/pytest --numprocesses auto --dist loadfile

quick: lint ## lint, and the tests that take milliseconds, on SQLite alone, laws tried fewer times
	$(BIN)/pytest -m "not slow and not browser and not streams" -k "not postgres" --hypothesis-profile=quick --numprocesses auto

lock: ## pin all dependencies again, with hashes, for every supported Python (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --extra dev pyproject.toml --output-file requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --constraint requirements-dev.lock pyproject.toml \
		--output-file requirements.lock

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
