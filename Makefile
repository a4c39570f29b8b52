# The commands of README.md and CONTRIBUTING.md. `make setup` alone leaves .venv/bin/gatehouse ready.
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.set-up

.PHONY: setup run test test-live lint bench clean

setup: $(SETUP)

$(SETUP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(SETUP)

run: setup
	$(BIN)/gatehouse up examples/quickstart

test: setup
	$(BIN)/pytest -n 2 --dist loadgroup -m "not live and not cluster"

test-live: setup
	$(BIN)/pytest -m "live and not cluster"

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m tests.bench.files

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
