# Two commands: `make run` and `make test`. Everything is set up in .venv on first use.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check bench clean

run: .venv/.ready
	$(BIN)/python -m dashboard

test: .venv/.test-ready
	@bash .ci/check

check: test

bench: .venv/.test-ready
	$(BIN)/python -m tests.bench

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; set PYTHON=…"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "python3 -m venv failed: on Debian, apt-get install python3-venv"; exit 1; }

.venv/.ready: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/.test-ready: requirements.txt tests/requirements.txt .venv/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@bash .ci/browser
	@bash .ci/postgres
	@touch $@

clean:
	rm -rf .venv .collections .pytest_cache .mypy_cache .ruff_cache .hypothesis
