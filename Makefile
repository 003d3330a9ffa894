# Everything a fresh machine needs: `make demo` and `make test` set up `.venv` by
# themselves and reuse it. PYTHON chooses the interpreter (3.10 or newer).
PYTHON ?= $(shell for v in 3.11 3.12 3.13 3.10 3.14; do \
	if python$$v -c '' 2>/dev/null; then echo python$$v; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
REQUIREMENTS := requirements/runtime.txt requirements/tests.txt requirements/tested.txt

.PHONY: help install demo test lint format clean

help:
	@echo 'make install  create $(VENV) with everything the project needs'
	@echo 'make demo     tags to a trained segmentor on the built-in data, with a report'
	@echo 'make test     the test suite'
	@echo 'make lint     ruff, codespell, mypy'

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
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) work_dirs build *.egg-info
