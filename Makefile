# desa-web. `make help` lists everything.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SITE ?= demo
PORT ?= 8080
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run test test-long check lint types layers wheel bench vendor-check clean

help: ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

run: $(VENV)/run.ok ## set everything up, make a demo village and serve it
	@$(BIN)/desa demo $(SITE) --port $(PORT)

test: $(VENV)/test.ok ## install what the tests need, then run them (10 minutes at most)
	@# Some tests compare times. What failed among the others runs once more, alone; twice is a failure.
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not long" $(ARGS) || { \
	  echo "Once more, alone: what failed above."; \
	  $(BIN)/python -m pytest --last-failed --last-failed-no-failures none -m "not long"; }

test-long: $(VENV)/test.ok ## the exhaustive fault schedules (an hour or more)
	$(BIN)/python -m pytest -n $(WORKERS) -m long $(ARGS)

check: lint types layers test wheel ## exactly what CI runs

lint: $(VENV)/dev.ok ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.ok ## mypy, strict
	$(BIN)/mypy

layers: $(VENV)/dev.ok ## a module imports only from the layers below it
	$(BIN)/lint-imports

wheel: $(VENV)/dev.ok ## build the wheel and start it from / in an empty environment
	BIN=$(BIN) bash packaging/check-wheel.sh

bench: $(VENV)/test.ok ## ratios side by side, in one run
	$(BIN)/python -m tests.bench $(ARGS)

vendor-check: ## rebuild the vendored front-end files and compare them (needs npm)
	bash packaging/editor/check.sh

clean: ## remove what was built; sites are never touched
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .hypothesis

# --- set-up, done once and again when the list of packages changes -------------------------

$(BIN)/python:
	@bash packaging/prepare.sh venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools

$(VENV)/run.ok: setup.cfg setup.py | $(BIN)/python
	@# A stale build folder ships deleted files.
	@rm -rf build
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/test.ok: setup.cfg setup.py packaging/prepare.sh | $(BIN)/python
	@rm -rf build
	$(BIN)/python -m pip install --quiet --editable '.[postgres,heic,test]'
	@bash packaging/prepare.sh test
	@touch $@ $(VENV)/run.ok

$(VENV)/dev.ok: $(VENV)/test.ok
	$(BIN)/python -m pip install --quiet --editable '.[postgres,heic,test,dev]'
	@touch $@
