# make run: the page on http://127.0.0.1:7860. make test: each promise in one short way. All of them install what they need first.

PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: setup run test test-all lint reports

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.txt tests/requirements.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -r tests/requirements.txt -c constraints.txt
	touch $@

run: setup
	$(BIN)/python app.py

test: setup
	$(BIN)/python -m pytest -m "not thorough" --durations=10

test-all: setup
	$(BIN)/python -m pytest --durations=10

lint: setup $(VENV)/node_modules/.bin/biome
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd web && ../$(VENV)/node_modules/.bin/biome ci --colors=off --error-on-warnings

# JavaScript's and CSS's linter and formatter; nothing else needs Node's npm.
$(VENV)/node_modules/.bin/biome: setup
	npm install --silent --no-save --prefix $(VENV) @biomejs/biome@2.6.8
	touch $@

reports: setup
	$(BIN)/python -m reports
