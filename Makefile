# Copyright (c) 2026, hardening.iam contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# PYTHON=/path/to/python settles which Python makes the virtual environment; otherwise the best one found does.
export PYTHON
# A test run starts Python a thousand times, also where the caller has it keep nothing that it compiled.
export PYTHONDONTWRITEBYTECODE :=
PORT ?= 5055
SEED ?= acme
# Two more than there are cores, since tests wait for servers and clocks too.
JOBS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 2 )))
ARGS ?=

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# Each worker takes a file at a time, in the order that conftest.py settles.
WORKERS = -n $(JOBS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
INSTALLED := .cache/collections/.installed
# Directories are listed too, so that a deleted file makes the installed collection stale as well.
SHIPPED := $(shell find galaxy.yml README.md meta plugins roles playbooks extensions -name __pycache__ -prune -o -print 2>/dev/null)

.PHONY: help venv collection lock demo emulator test touched test-all units integration lint sanity format docs images bench mutation sources clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: .venv/.run $(INSTALLED) ## Assess the emulated organization "acme" and write its report (ARGS: for ansible-playbook)
	PYTHONPATH=tests $(BIN)/python tests/scripts/demo.py $(ARGS)

emulator: .venv/.run ## Serve the emulated AWS on PORT (5055), SEED acme or incident, and print what to export
	PYTHONPATH=tests $(BIN)/python -m emulator serve --port $(PORT) --seed $(SEED)

test: .venv/.dev ## All gates and unit tests, and the integration tests that tests/scope.py lists; the same ones each time
	$(PYTEST) $(WORKERS) tests/gates tests/unit $$($(BIN)/python tests/scope.py) $(ARGS)

touched: .venv/.dev ## The integration files of what the change touches (ARGS: --list, --base COMMIT, --minutes 60)
	PYTHONPATH=tests $(BIN)/python tests/scripts/touched.py $(ARGS) -- $(WORKERS)

test-all: ## Everything: all integration tests, all repetitions, make sources and make mutation
	HARDENING_TEST_ALL=1 $(MAKE) test
	$(MAKE) sources ARGS=
	$(MAKE) mutation ARGS=

units: .venv/.dev ## Unit tests
	$(PYTEST) tests/unit $(ARGS)

integration: .venv/.dev ## Integration tests, against the emulated AWS
	$(PYTEST) tests/integration $(ARGS)

lint: .venv/.dev ## ruff, yamllint, mypy, ansible-lint
	$(PYTEST) tests/gates/test_lint.py tests/gates/test_ansible_lint.py $(ARGS)

sanity: .venv/.dev ## ansible-test sanity
	$(PYTEST) tests/gates/test_sanity.py $(ARGS)

format: .venv/.dev ## Let ruff format the Python files
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: .venv/.dev $(INSTALLED) ## Build the documentation as a web site with search, in .cache/docs/html
	mkdir -p .cache/docs
	$(BIN)/python tests/scripts/build_docs.py .cache/docs

images: .venv/.dev $(INSTALLED) ## Make the pictures in docs/images anew, from the demo (needs Chromium and Node)
	PYTHONPATH=tests $(BIN)/python tests/scripts/images.py $(ARGS)

bench: .venv/.dev $(INSTALLED) ## Measure calls, CPU and memory
	$(PYTEST) tests/bench -s $(ARGS)

lock: ## Renew the lock files: the newest versions that the requirements allow, with their hashes
	python=$$(tests/scripts/pick-python.sh) && "$$python" -m venv --clear .cache/lock
	.cache/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	.cache/lock/bin/python tests/scripts/lock.py

mutation: .venv/.dev ## Change the code in small ways and name what no unit test notices (ARGS: parts of paths, --sample 0)
	PYTHONPATH=tests $(BIN)/python tests/scripts/mutate.py $(ARGS)

sources: .venv/.dev ## Let each source of every module fail in turn, and print what comes of it (ARGS: -k MODULE)
	$(PYTEST) tests/sources -s -p no:randomly $(ARGS)

clean: ## Remove what make made; reports and journals stay
	rm -rf .cache .venv

venv: .venv/.dev ## Make the virtual environment .venv

collection: $(INSTALLED) ## Build the collection and install it into .cache/collections

.venv/.run: requirements.lock
	python=$$(tests/scripts/pick-python.sh) && "$$python" -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-dev.lock
	touch $@

# amazon.aws comes with the package "ansible", hence --no-deps: nothing is asked of Galaxy.
$(INSTALLED): .venv/.run $(SHIPPED)
	rm -rf .cache/build && mkdir -p .cache/build .cache/collections
	$(BIN)/ansible-galaxy collection build --output-path .cache/build . >/dev/null
	$(BIN)/ansible-galaxy collection install --force --no-deps --offline -p .cache/collections .cache/build/*.tar.gz >/dev/null
	touch $@
