# Two commands are all there is to know: `make run` and `make test`. Both set up what they need, once.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
export PYANNOTE_METRICS_ENABLED := 0

# Debian's browser for the tests of pages, where it can be had without asking anybody
CHROMIUM = { test "$$(id -u)" = 0 && command -v apt-get > /dev/null && timeout 600 apt-get -qq update && \
  timeout 600 apt-get -qq install -y --no-install-recommends chromium; } > /dev/null 2>&1

.PHONY: run test compose-test check lint format schema bench env clean

run: $(VENV)/.run  ## Transcribe the example, or SOURCE=URL
	@$(BIN)/python -m examples.first_run $(if $(SOURCE),"$(SOURCE)") $(ARGS)

test: $(VENV)/.test  ## Run all tests
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

compose-test: $(VENV)/.test  ## Build the images, run the service in containers, kill a worker of it
	@EARMARK_TEST_COMPOSE=1 $(BIN)/python -m pytest tests/test_compose.py tests/test_compose_run.py $(ARGS)

check: $(VENV)/.test  ## Lint, formatting, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.test  ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.test  ## Measure beside peers, in hours; ARGS=--quick in minutes, ARGS=NAME one table
	@$(BIN)/python -m benchmarks $(ARGS)

schema: $(VENV)/.run  ## Write the JSON Schema of the transcript anew
	@$(BIN)/python -m storage.schema > storage/transcript.schema.json

# 48 hexadecimal digits for each secret that .env.example leaves empty
env:  ## Write .env for docker compose, with secrets of its own
	@test ! -e .env || { echo ".env is there already; nothing was changed."; exit 1; }
	@umask 077; while IFS= read -r line; do case $$line in \
	  '#REDIS_PASSWORD=' | '#POSTGRES_PASSWORD=' | '#AWS_SECRET_ACCESS_KEY=') \
	    echo "$${line#?}$$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;; \
	  *) printf '%s\n' "$$line" ;; esac; done < .env.example > .env
	@echo "Wrote .env, with secrets of its own. Redis takes a new password when it is started anew."

clean:  ## Remove what `make` made
	rm -rf $(VENV) .earmark

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "earmark needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.11 …"; exit 1; }
	@echo "Setting up $(VENV): a few minutes and 6 GB the first time (the speech libraries are large)."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	@$(PIP) install "setuptools<81" wheel
	@$(PIP) install --no-build-isolation -c constraints.txt -e ".[speech,diarize]"
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@$(PIP) install --no-build-isolation -c constraints.txt -e ".[speech,diarize,service,test]"
	@command -v chromium > /dev/null || $(CHROMIUM) || echo "No Chromium, so tests of pages in a browser are skipped."
	@touch $@
