# `make help` lists what there is. Without make: see "Without make" in README.md.

DATASET ?= stanfordnlp/imdb
# runs/imdb for stanfordnlp/imdb, runs/reviews for reviews.csv.
OUT     ?= runs/$(firstword $(subst ., ,$(notdir $(DATASET))) reviews)
MODEL   ?= $(if $(wildcard $(OUT)/model.safetensors),$(OUT))
ENCODER ?= runs/encoder
REPORT  ?= report.html
SEED    ?= 0
TEXT    ?=
FILE    ?=
OUTPUT  ?=
ARGS    ?=

# The shell reads these from the environment: quotes in them are then only characters.
export TEXT FILE OUTPUT

PYTHON  ?= python3
VENV    := .venv
RUN     := $(VENV)/bin/python -m sentiment

NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
# A notebook runs in its own folder, from where a relative path leads elsewhere.
EXECUTE   := DATASET="$(or $(realpath $(DATASET)),$(DATASET))" $(VENV)/bin/python notebooks/execute.py

.DEFAULT_GOAL := help
.PHONY: help install pretrain train tune eval baseline predict check report demo notebooks outputs test test-min lint bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile
	@echo
	@echo 'Variables: DATASET=$(DATASET) OUT=$(OUT) MODEL=$(MODEL) REPORT=$(REPORT) SEED=$(SEED) TEXT= FILE= OUTPUT= ARGS='
	@echo 'ARGS is passed on: make train ARGS="--epochs 3"; every flag: make train ARGS=--help'

install: $(VENV)/installed ## make the virtual environment, and nothing else

train: $(VENV)/installed ## train on DATASET with SEED, into OUT, from the shipped encoder
	$(RUN) train --dataset "$(DATASET)" --out "$(OUT)" --seed $(SEED) $(ARGS)

tune: $(VENV)/installed ## search for the settings that validate best on DATASET: many trainings
	$(RUN) tune --dataset "$(DATASET)" --seed $(SEED) $(ARGS)

pretrain: $(VENV)/installed ## train an encoder on the reviews of DATASET without their labels: hours
	$(RUN) pretrain --dataset "$(DATASET)" --out "$(ENCODER)" $(ARGS)

eval: $(VENV)/installed ## measure MODEL on the test split of DATASET; without a MODEL that in OUT, or the shipped one
	$(RUN) eval --dataset "$(DATASET)" $(if $(MODEL),--model "$(MODEL)") $(ARGS)

baseline: $(VENV)/installed ## the same beside bags of words that learn from DATASET: minutes
	$(RUN) baseline --dataset "$(DATASET)" $(if $(MODEL),--model "$(MODEL)") $(ARGS)

predict: $(VENV)/installed ## label TEXT, or FILE into OUTPUT, with the same: make predict TEXT="A joy."
	$(RUN) predict $(if $(MODEL),--model "$(MODEL)") $(if $(FILE),--file "$$FILE") \
	  $(if $(OUTPUT),--output "$$OUTPUT") $(ARGS) $(if $(TEXT),-- "$$TEXT")

check: $(VENV)/installed ## test what the same makes of negation, contrast, typos, names…
	$(RUN) check $(if $(MODEL),--model "$(MODEL)") $(ARGS)

report: $(VENV)/installed ## show all of the same on one page, REPORT: figures, mistakes, behaviour
	$(RUN) report --dataset "$(DATASET)" $(if $(MODEL),--model "$(MODEL)") --out "$(REPORT)" $(ARGS)

demo: $(VENV)/installed-demo ## serve a page to try the same, for this machine alone
	$(RUN) demo $(if $(MODEL),--model "$(MODEL)") $(ARGS)

notebooks: $(VENV)/installed-dev ## run all notebooks on DATASET, and leave their files as they are
	$(EXECUTE) $(NOTEBOOKS)

outputs: $(VENV)/installed-dev ## run them, and store what comes out in them
	$(EXECUTE) --store $(NOTEBOOKS)

test: $(VENV)/installed-dev ## run the tests; with DATASET in the environment those on the real IMDB too
	$(VENV)/bin/python -m pytest $(ARGS)

test-min: $(VENV)-min/installed ## the same on the oldest versions that pyproject.toml allows
	$(VENV)-min/bin/python -m pytest $(ARGS)

lint: $(VENV)/installed-dev ## ruff (lint and format), mypy, and the order of the packages
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/installed-dev ## measure what the README claims of speed, on DATASET
	for script in tokenizer lstm predict explain; do \
	  $(VENV)/bin/python benchmarks/$$script.py || exit 1; \
	done

clean: ## delete caches and the virtual environment; runs and checkpoints stay
	rm -rf $(VENV) $(VENV)-min .pytest_cache .ruff_cache .mypy_cache .hypothesis build *.egg-info
	find sentiment tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/installed: requirements.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet -r requirements.txt
	$(VENV)/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

$(VENV)/installed-demo: requirements-demo.txt $(VENV)/installed
	$(VENV)/bin/python -m pip install --quiet -r requirements-demo.txt
	touch $@

$(VENV)/installed-dev: requirements-dev.txt requirements-demo.txt $(VENV)/installed
	$(VENV)/bin/python -m pip install --quiet -r requirements-dev.txt
	touch $@

$(VENV)-min/installed: requirements-min.txt
	test -x $(VENV)-min/bin/python || $(PYTHON) -m venv $(VENV)-min
	$(VENV)-min/bin/python -m pip install --quiet -r requirements-min.txt
	$(VENV)-min/bin/python -m pip install --quiet --no-deps --editable .
	touch $@
