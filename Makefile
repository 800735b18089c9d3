# Copyright (c) 2026 falconops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The tests are nox sessions (noxfile.py); tests/run.py runs them and counts. Everything is installed below .venv/ and .nox/.

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-all lint sanity docs picture release-check soak simulate bench bench-quick format clean
RUN = .venv/bin/python tests/run.py

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-14s%s\n' "$$name" "$$text"; done

demo: .venv/demo  ## see it work, against an emulated Falcon cloud on this machine
	@PATH="$(CURDIR)/.venv/bin:$$PATH" tests/demo/run

test: .venv/nox  ## run every check and test, on the ansible-core that we develop on
	@$(RUN)

test-fast: .venv/nox  ## run the unit tests alone
	@$(RUN) unit

test-all: .venv/nox  ## run every check and test on every supported ansible-core, and close with a table (two hours)
	@FALCONOPS_TEST_ALL=1 $(RUN)

lint: .venv/nox  ## run the checks that run nothing of the collection
	@$(RUN) ruff-format ruff mypy yamllint antsibull-nox-config license-check extra-checks changelog docs-check ansible-lint

sanity: .venv/nox  ## run ansible-test's sanity tests
	@$(RUN) sanity

docs: .venv/nox  ## build the docs site, into .nox/site/html
	@$(RUN) docs

picture: .venv/nox  ## draw docs/images/token.svg (needs Graphviz)
	@.venv/bin/nox -s picture

release-check: .venv/nox  ## check what is to be released, where it is installed (VERSION=1.0.0)
	@VERSION="$(VERSION)" $(RUN) release-check

soak: .venv/nox  ## let chance loose on the broker (SOAK="--minutes 10 --seed 1")
	@.venv/bin/nox -s soak -- $(SOAK)

simulate: .venv/nox  ## simulate fleets that are too large for one machine
	@.venv/bin/nox -s simulate

bench: .venv/nox  ## measure what a token costs and write it into the docs (hours)
	@.venv/bin/nox -s bench

bench-quick: .venv/nox  ## measure some of it, for a first answer (two minutes)
	@.venv/bin/nox -s bench-quick

format: .venv/nox  ## rewrite the Python files as ruff wants them
	@.venv/bin/nox -s format

clean:  ## remove everything that the targets above made
	rm -rf .venv .nox .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/demo: tests/requirements/demo.txt tests/requirements/core.txt
.venv/nox: tests/requirements/nox.txt
.venv/demo .venv/nox: tests/requirements/constraints.txt | .venv/bin/python
	.venv/bin/python -m pip install -qq --disable-pip-version-check -r tests/requirements/$(@F).txt
	@touch $@

# Any Python that runs (a shim of pyenv may not) and suits the ansible-core that we develop on.
.venv/bin/python:
	@for python in python3.11 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.11.*/bin/python3 python3.12 python3.13 python3; do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
	    echo "$$python -m venv .venv"; exec "$$python" -m venv .venv; \
	  fi; \
	done; \
	echo "No Python 3.11, 3.12 or 3.13 with its venv module was found; on Debian: apt-get install python3-venv" >&2; exit 1
