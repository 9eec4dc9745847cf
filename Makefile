# Dossier: `make chat` sets everything up and opens the page; `make test` runs the whole test suite.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

JOBS ?= $(shell nproc)
SOAK_POINTS ?= 100
SOAK_SEED ?= 1

.PHONY: chat setup test test-browser soak check lock sentence-transformers model evaluation ocr mcp traces screenshots ablations fit bench bench-million bench-model clean help sbom licences teeth

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 24

chat: setup ## Set up, add the examples to an empty library, serve page and endpoint
	$(BIN)/dossier serve --examples

setup: $(VENV)/.installed ## Everything but serving: packages and model files
	@$(BIN)/dossier models fetch

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "dossier: $$($(PYTHON) --version) found, 3.11 or newer needed; run 'make PYTHON=python3.12 ...'" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "dossier: the venv module is missing; run 'apt-get install python3-venv'" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing Dossier's packages into $(VENV) (some minutes the first time)"
	@$(PIP) install --upgrade 'pip>=25.3'
	@$(PIP) install -r requirements.lock
	@$(PIP) --quiet install --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what the tests need"
	@$(PIP) install "$$(grep -m1 '^torch==' requirements-dev.lock)"
	@$(PIP) install -r requirements-dev.lock
	@scripts/system-packages chromium strace tesseract-ocr-eng tesseract-ocr-deu
	@touch $@

test: setup $(VENV)/.installed-dev ## The whole test suite (a real browser included)
	@$(BIN)/dossier models fetch all-MiniLM-L6-v2 smollm2-135m
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

test-browser: setup $(VENV)/.installed-browser ## Every flow of the page in a real browser, and its accessibility
	$(BIN)/python -m pytest -m 'browser or browser_all' tests/ui

$(VENV)/.installed-browser: scripts/axe $(VENV)/.installed-dev
	@scripts/axe $(VENV)/axe
	@touch $@

soak: setup $(VENV)/.installed-dev ## Faults by the thousand, for hours: make soak SOAK_POINTS=10 SOAK_SEED=7 SOAK_LOG=soak.jsonl
	SOAK_POINTS=$(SOAK_POINTS) SOAK_SEED=$(SOAK_SEED) SOAK_LOG=$(SOAK_LOG) $(BIN)/python -m pytest -m soak -s tests/soak tests/hostile tests/faults

check: $(VENV)/.installed-dev ## Lint, types, and the locked packages among the published advisories
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(BIN)/python scripts/audit.py

sbom: $(VENV)/.installed-dev ## Write what Dossier is made of into build/sbom.json (CycloneDX)
	@mkdir -p build
	$(BIN)/python -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
	  --of JSON -o build/sbom.json

licences: $(VENV)/.installed-dev ## List the licences of all installed packages
	@$(BIN)/pip-licenses --from=mixed --with-urls --order=license

teeth: setup $(VENV)/.installed-dev ## Take away each guard of tests/teeth in a copy of the code, and see a test fail: make teeth TEETH_LOG=teeth.jsonl
	@TEETH_JOBS=$(TEETH_JOBS) TEETH_LOG=$(TEETH_LOG) $(BIN)/python -m tests.teeth.bite

sentence-transformers: $(VENV)/.installed ## Add sentence-transformers, for other embedding models
	@$(PIP) install "$$(grep -m1 '^torch==' requirements-dev.lock)"
	@$(PIP) install --constraint requirements-dev.lock --editable '.[sentence-transformers]'

model: $(VENV)/.installed ## Add what a language model needs: make model EXTRA=local, openai, ollama or anthropic
	@$(PIP) install --constraint requirements-dev.lock --editable '.[$(or $(EXTRA),local)]'

evaluation: $(VENV)/.installed ## Add what `dossier eval` draws reports and measures rankings with
	@$(PIP) install --constraint requirements-dev.lock --editable '.[eval]'

ocr: $(VENV)/.installed ## Add what reads scanned PDFs, in English; other languages are packages tesseract-ocr-...
	@$(PIP) install --constraint requirements-dev.lock --editable '.[ocr]'
	@scripts/system-packages tesseract-ocr-eng

traces: $(VENV)/.installed ## Add what the setting `traces` needs: OpenTelemetry
	@$(PIP) install --constraint requirements-dev.lock --editable '.[traces]'

mcp: $(VENV)/.installed ## Add what `dossier mcp` needs
	@$(PIP) install --constraint requirements-dev.lock --editable '.[mcp]'

screenshots: setup $(VENV)/.installed-dev ## Take the README's pictures from a running page
	@scripts/screenshots docs/pictures

fit: setup $(VENV)/.installed-dev ## Fit the recipe's numbers, then the decision to decline: make fit QUESTIONS="FOLDER ..."
	$(BIN)/python -m benchmarks.fit_recipe $(QUESTIONS)
	$(BIN)/python benchmarks/fit_declining.py $(QUESTIONS)

ablations: setup $(VENV)/.installed-dev ## What each part of answering is worth: make ablations QUESTIONS="FOLDER ..."
	$(BIN)/python -m benchmarks.ablations $(QUESTIONS)

bench: setup $(VENV)/.installed-dev ## How fast it is, against the plain recipe, and what got worse: make bench SET=FOLDER
	@$(BIN)/dossier models fetch all-MiniLM-L6-v2
	$(BIN)/python -m benchmarks.speed $(if $(SET),--set $(SET))
	$(BIN)/python -m benchmarks.growing --sizes 1000,10000,100000
	$(if $(MODEL),@$(MAKE) bench-model SET=$(SET))

bench-model: setup $(VENV)/.installed-dev ## What a language model says alone, and what is shown of it (hours): make bench-model SET=FOLDER:30
	@$(MAKE) model EXTRA=local
	@$(BIN)/dossier models fetch qwen2.5-1.5b
	$(BIN)/python -m benchmarks.hostile
	$(if $(SET),$(BIN)/python -m benchmarks.writing $(SET))

bench-million: setup $(VENV)/.installed-dev ## What grows with a million passages (up to an hour, 8 GB): make bench-million KEEP=FOLDER
	$(BIN)/python -m benchmarks.growing --sizes 1000000 $(if $(KEEP),--keep $(KEEP))

lock: $(VENV)/.installed-dev ## Write the lock files anew from pyproject.toml
	$(BIN)/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-find-links --no-annotate \
	  --no-header --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-find-links --no-annotate \
	  --no-header --allow-unsafe --constraint requirements.lock --extra sentence-transformers --extra eval --extra ocr --extra mcp --extra traces \
	  --extra openai --extra ollama --extra anthropic --extra local --extra dev \
	  --output-file requirements-dev.lock pyproject.toml
	@sed -i 's/^\(torch==[^+]*\)+.*/\1/' requirements-dev.lock # a CPU build's name is not known everywhere

clean: ## Remove what was installed, keep the data
	rm -rf $(VENV) build *.egg-info
