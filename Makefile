# Everything a fresh machine needs: `make demo` and `make test` set up `.venv` by
# themselves and reuse it. PYTHON chooses the interpreter (3.10 or newer).
PYTHON ?= $(shell for v in 3.11 3.12 3.13 3.10 3.14; do \
	if python$$v -c '' 2>/dev/null; then echo python$$v; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Processes of the test suite; each takes about 2 GiB.
JOBS ?= 2
# A part of each package, in under a minute of two cores.
FAST := tests/test_structures tests/test_stores tests/test_ops tests/test_config tests/test_evaluation \
  tests/test_exchange tests/test_datasets/test_transforms tests/test_datasets/test_tags.py \
  tests/test_models/test_losses tests/test_models/test_heads tests/test_models/test_backbones \
  tests/test_models/test_affinity tests/test_models/test_segmentors tests/test_refiners/test_par.py \
  tests/test_proposers/test_regions.py tests/test_engine/test_batch.py tests/test_engine/test_hooks \
  tests/test_engine/test_schedulers tests/test_recipes/test_recipe.py tests/test_visualization/test_browse.py \
  tests/test_weights/test_packages.py tests/test_apis/test_photo_paths.py tests/test_suite.py \
  tests/test_layers.py tests/test_main.py tests/test_installed.py tests/test_preflight.py
REQUIREMENTS := requirements/runtime.txt requirements/tests.txt requirements/tested.txt

.PHONY: help install demo test test-fast lint docs format clean

help:
	@echo 'make install  create $(VENV) with everything the project needs'
	@echo 'make demo     tags to a trained segmentor on the built-in data, with a report'
	@echo 'make test     the test suite'
	@echo 'make test-fast  a part of it for each package, in under a minute'
	@echo 'make lint     ruff, codespell, mypy'
	@echo 'make docs     the documentation in site/, warnings as errors'
	@echo 'make clean    remove what can be made again; results in work_dirs stay'

install: $(READY)

$(READY): $(REQUIREMENTS) setup.cfg
	@test -n '$(PYTHON)' || { echo 'Python 3.10 or newer is needed: none was found'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools wheel
	$(BIN)/python -m pip install --quiet -c requirements/tested.txt torch torchvision
	$(BIN)/python -m pip install --quiet -c requirements/tested.txt -e '.[tests]'
	@# opencv-python needs system libraries that slim images lack; its headless twin does not.
	$(BIN)/python -c 'import cv2' 2>/dev/null || { \
	  $(BIN)/python -m pip uninstall --quiet --yes opencv-python; \
	  $(BIN)/python -m pip install --quiet --force-reinstall --no-deps opencv-python-headless; }
	$(BIN)/python -m mmwsss doctor
	@touch $@

demo: $(READY)
	$(BIN)/python tools/pipeline.py configs/demo/demo_recipe.py

test: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

test-fast: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m 'not slow' $(FAST)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/python -m pip install --quiet -r requirements/docs.txt
	NO_MKDOCS_2_WARNING=1 DISABLE_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --quiet

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist site mmwsss/.mim *.egg-info .*_cache
