# Two commands are all there is to know: `make run` and `make test`. Both set up what they need, once.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
export PYANNOTE_METRICS_ENABLED := 0

.PHONY: run test check lint format schema bench clean

run: $(VENV)/.run  ## Transcribe the example, or SOURCE=URL
	@$(BIN)/python -m examples.first_run $(if $(SOURCE),"$(SOURCE)") $(ARGS)

test: $(VENV)/.test  ## Run all tests
	@$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.test  ## Lint, formatting, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.test  ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.test  ## Measure: tables of ratios, or one of them with ARGS=NAME
	@$(BIN)/python -m benchmarks $(ARGS)

schema: $(VENV)/.run  ## Write the JSON Schema of the transcript anew
	@$(BIN)/python -m storage.schema > storage/transcript.schema.json

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
	@touch $@
