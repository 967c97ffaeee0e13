# Each target first installs what it needs.

PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help setup run test test-all lint reports

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /make \1 \t/p' Makefile | expand -t 18

setup: $(VENV)/.installed ## install everything into .venv

$(VENV)/.installed: requirements.txt tests/requirements.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -r tests/requirements.txt -c constraints.txt
	touch $@

run: setup ## serve the page on http://127.0.0.1:7860
	$(BIN)/python app.py

# Two tests run at a time, and many start processes: with more threads, they would wait for one another.
test test-all: export OMP_NUM_THREADS ?= 1

test: setup ## test each promise in one short way, some seven minutes
	$(BIN)/python -m pytest -m "not thorough" --durations=10

test-all: setup ## run the long tests, too: some 25 minutes
	$(BIN)/python -m pytest --durations=10

lint: setup $(VENV)/node_modules/.bin/biome ## check Python, JavaScript and CSS with linters and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd web && ../$(VENV)/node_modules/.bin/biome ci --colors=off --error-on-warnings

# Biome lints and formats JavaScript and CSS. Nothing else needs npm.
$(VENV)/node_modules/.bin/biome: $(VENV)/.installed
	npm install --silent --no-save --prefix $(VENV) @biomejs/biome@2.6.8
	touch $@

reports: setup ## draw the tables, cards and pictures of the documents
	$(BIN)/python -m reports
