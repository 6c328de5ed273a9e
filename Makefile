# Standby: `make run` to try it, `make test` to check it. Needs Python 3.11+ and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help

.PHONY: help run test soak bench pictures lock clean
help:      ## what there is to do
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: $(VENV)/.run   ## the demo programme: web, clock and simulated carrier in one terminal
	@exec $(BIN)/python -m bot demo

test: $(VENV)/.dev  ## the whole suite
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m pytest
	$(BIN)/mypy
	$(BIN)/ruff check .

soak: $(VENV)/.dev  ## kill processes at random through simulated weeks; about an hour
	$(BIN)/python -m tests.faults --database sqlite --kills 200 --people 200 --weeks 2 --minutes 90
	$(BIN)/python -m tests.faults --database postgresql --kills 200 --people 200 --weeks 2 --minutes 90

bench: $(VENV)/.dev  ## what it costs, as a table and in var/bench.json
	$(BIN)/python -m benchmarks --json var/bench.json

pictures: $(VENV)/.dev  ## the README's pictures, taken anew
	$(BIN)/python -m tests.pictures

lock: $(VENV)/.dev  ## pin what the requirements bring along
	$(BIN)/pip-compile -q --no-emit-index-url --no-emit-find-links --no-header --strip-extras -o requirements.lock requirements.txt
	$(BIN)/pip-compile -q --no-emit-index-url --no-emit-find-links --no-header --strip-extras --allow-unsafe -o requirements-dev.lock requirements-dev.txt

clean:     ## take away the environment and the demo's data
	rm -rf $(VENV) var/demo*

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed: $(PYTHON) is not. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@ $(VENV)/.run
