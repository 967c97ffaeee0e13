# make run: the page on http://127.0.0.1:7860. make test: each promise in one short way. All of them install what they need first.

PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: setup run test test-all lint reports

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.txt requirements-dev.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -r requirements-dev.txt -c constraints.txt
	touch $@

run: setup
	$(BIN)/python app.py

test: setup
	$(BIN)/python -m pytest -m "not thorough" --durations=10

test-all: setup
	$(BIN)/python -m pytest --durations=10

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

reports: setup
	$(BIN)/python -m reports
