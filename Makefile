# `make help` lists the targets. Without make: see "Install" in README.md.

# What the user passes is data: make does not expand it, and the shell reads it from the environment.
define take
override $(1) := $$(value $(1))
export $(1)
endef
VARIABLES := DATASET OUT MODEL ENCODER REPORT SEED TEXT FILE OUTPUT
$(foreach name,$(VARIABLES),$(if $(filter undefined,$(origin $(name))),,$(eval $(call take,$(name)))))

DATASET ?= stanfordnlp/imdb
# runs/imdb for stanfordnlp/imdb, runs/reviews for reviews.csv.
OUT     ?= runs/$(firstword $(subst ., ,$(notdir $(DATASET))) reviews)
ENCODER ?= runs/encoder
REPORT  ?= report.html
SEED    ?= 0
TEXT    ?=
FILE    ?=
OUTPUT  ?=
ARGS    ?=
export DATASET OUT ENCODER REPORT SEED

# Sets MODEL, unless it is given, to the model in OUT if there is one.
FIND_MODEL := test -n "$${MODEL+given}" || test ! -e "$$OUT/model.safetensors" || MODEL=$$OUT;
WITH_MODEL := $${MODEL:+--model "$$MODEL"}

PYTHON  ?= python3
VENV    := .venv
RUN     := $(VENV)/bin/python -m sentiment
# Two processes that each run whole test files, with one thread: more threads only compete. The tests
# on IMDB run if the user gives a DATASET.
PYTEST_ENV   := $(if $(filter file,$(origin DATASET)),unset DATASET;) OMP_NUM_THREADS=1
PYTEST_FLAGS := -n 2 --dist loadfile
COVERAGE     := COVERAGE_FILE="$(CURDIR)/.coverage/data" $(VENV)/bin/python -m coverage
QUICK_TESTS  := tests/unit tests/cli tests/integration -m "not slow"

NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
EXECUTE   := $(VENV)/bin/python notebooks/execute.py

.DEFAULT_GOAL := help
.PHONY: help install install-all pretrain train tune eval baseline predict check report demo notebooks outputs test test-all test-min test-onnx test-spark coverage lint docs bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile
	@echo
	@$(FIND_MODEL) printf '%s\n' "Variables: DATASET=$$DATASET OUT=$$OUT MODEL=$$MODEL REPORT=$$REPORT SEED=$$SEED TEXT= FILE= OUTPUT= ARGS="
	@echo 'ARGS is passed to the command: make train ARGS="--epochs 3"; all flags: make train ARGS=--help'

install: $(VENV)/installed ## create the virtual environment: training, evaluation, prediction

install-all: $(VENV)/installed-dev ## the same with the packages of every target

train: $(VENV)/installed ## train a classifier on DATASET with SEED, into OUT
	$(RUN) train --dataset "$$DATASET" --out "$$OUT" --seed "$$SEED" $(ARGS)

tune: $(VENV)/installed-tune ## search for hyperparameters on DATASET: many training runs
	$(RUN) tune --dataset "$$DATASET" --seed "$$SEED" $(ARGS)

pretrain: $(VENV)/installed ## pretrain an encoder on the reviews of DATASET, without labels: hours
	$(RUN) pretrain --dataset "$$DATASET" --out "$$ENCODER" $(ARGS)

eval: $(VENV)/installed ## evaluate MODEL on the test split of DATASET; MODEL defaults to OUT, else to the shipped model
	$(FIND_MODEL) $(RUN) eval --dataset "$$DATASET" $(WITH_MODEL) $(ARGS)

baseline: $(VENV)/installed ## compare MODEL with bag-of-words baselines trained on DATASET: minutes
	$(FIND_MODEL) $(RUN) baseline --dataset "$$DATASET" $(WITH_MODEL) $(ARGS)

predict: $(VENV)/installed$(if $(findstring --explain,$(ARGS)),-explain) ## classify TEXT, or FILE into OUTPUT, with MODEL: make predict TEXT="A joy."
	$(FIND_MODEL) $(RUN) predict $(WITH_MODEL) $${FILE:+--file "$$FILE"} \
	  $${OUTPUT:+--output "$$OUTPUT"} $(ARGS) $${TEXT:+-- "$$TEXT"}

check: $(VENV)/installed ## run behavioral tests of MODEL: negation, contrast, typos, names…
	$(FIND_MODEL) $(RUN) check $(WITH_MODEL) $(ARGS)

report: $(VENV)/installed-explain ## write a page on MODEL, REPORT: figures, errors, behavioral tests
	$(FIND_MODEL) $(RUN) report --dataset "$$DATASET" $(WITH_MODEL) --out "$$REPORT" $(ARGS)

demo: $(VENV)/installed-demo ## serve a demo page of MODEL on this machine only
	$(FIND_MODEL) $(RUN) demo $(WITH_MODEL) $(ARGS)

notebooks: $(VENV)/installed-dev ## run all notebooks on DATASET without changing their files
	$(EXECUTE) $(NOTEBOOKS)

outputs: $(VENV)/installed-dev ## run all notebooks and store their outputs
	$(EXECUTE) --store $(NOTEBOOKS)

test: $(VENV)/installed-dev ## run the quick tests: 3 minutes; with DATASET in the environment also those on IMDB
	$(PYTEST_ENV) $(VENV)/bin/python -m pytest $(PYTEST_FLAGS) $(QUICK_TESTS) $(ARGS)

test-all: test-onnx test-min $(VENV)/installed-dev ## run all tests, also with the smallest and the oldest installation
	$(PYTEST_ENV) $(VENV)/bin/python -m pytest $(PYTEST_FLAGS) $(ARGS)

test-min: $(VENV)-min/installed ## run the quick tests with the oldest versions that pyproject.toml allows
	$(PYTEST_ENV) $(VENV)-min/bin/python -m pytest -W default $(PYTEST_FLAGS) $(QUICK_TESTS) $(ARGS)

test-onnx: $(VENV)-onnx/installed $(VENV)/installed-dev ## test the small installation: requirements-onnx.txt alone
	rm -rf build
	$(VENV)-onnx/bin/python -m pip install --quiet --no-compile --no-deps --force-reinstall .
	ONNX_PYTHON=$(VENV)-onnx/bin/python $(VENV)/bin/python -m pytest tests/project/test_small_install.py $(ARGS)

test-spark: $(VENV)/installed-dev $(VENV)/installed-spark ## test predictions in Spark; needs Java 17
	$(PYTEST_ENV) $(VENV)/bin/python -m pytest tests/scaling/test_spark.py $(ARGS)

coverage: $(VENV)/installed-dev ## run all tests, and print the lines and branches of sentiment/ that no test reaches
	rm -rf .coverage && mkdir .coverage
	$(PYTEST_ENV) $(COVERAGE) run -m pytest $(PYTEST_FLAGS) $(ARGS)
	$(COVERAGE) combine --quiet
	$(COVERAGE) report

lint: $(VENV)/installed-dev ## ruff (lint and format), mypy, import-linter
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy
	$(VENV)/bin/lint-imports

docs: $(VENV)/installed-docs ## build the pages in docs/ into site/
	$(VENV)/bin/python -m mkdocs build --strict $(ARGS)

bench: $(VENV)/installed-dev ## measure the speeds stated in docs/explanation/benchmarks.md
	for script in tokenizer lstm predict explain; do \
	  $(VENV)/bin/python benchmarks/$$script.py || exit 1; \
	done

clean: ## delete caches and virtual environments, but no runs or checkpoints
	rm -rf $(VENV) $(VENV)-min $(VENV)-onnx .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage build *.egg-info
	find sentiment tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/installed: requirements.txt requirements-onnx.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet -r requirements.txt
	$(VENV)/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

# The packages that some targets need besides.
$(VENV)/installed-demo: requirements-explain.txt
$(VENV)/installed-dev: requirements-demo.txt requirements-explain.txt requirements-ray.txt requirements-serve.txt requirements-tune.txt
$(VENV)/installed-%: requirements-%.txt $(VENV)/installed
	$(VENV)/bin/python -m pip install --quiet -r $<
	touch $@

$(VENV)-min/installed: requirements-min.txt
	test -x $(VENV)-min/bin/python || $(PYTHON) -m venv $(VENV)-min
	$(VENV)-min/bin/python -m pip install --quiet -r requirements-min.txt
	$(VENV)-min/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

# The small installation of docs/how-to/onnx.md. Two thirds of the size of spaCy's packages are
# debug symbols. `strip` breaks the libraries of NumPy.
$(VENV)-onnx/installed: requirements-onnx.txt
	test -x $(VENV)-onnx/bin/python || $(PYTHON) -m venv $(VENV)-onnx
	$(VENV)-onnx/bin/python -m pip install --quiet --no-compile -r requirements-onnx.txt
	find $(VENV)-onnx -regex '.*/\(blis\|preshed\|spacy\|srsly\|thinc\)/.*\.so' -exec strip --strip-debug {} +
	touch $@
