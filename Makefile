# Two commands do: `make run` serves the app, `make test` tests everything.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

# Where there is no NVIDIA GPU, torch's CPU build is taken from PyTorch's own index: one try, without
# retries; if that fails, from wherever pip is configured to look.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := $(shell sed -n '/^torch==/p' requirements.txt)

.PHONY: run test setup lint format type layers check bench clean

run: .venv/.run  ## serve http://localhost:8501
	$(BIN)/streamlit run app.py --server.port $(PORT)

# All but the load test runs on two cores, a worker each, whose torch keeps to its own. Browser tests go to
# whichever worker is free, each with its own server and browser; the load test wants both cores alone.
test: setup  ## everything, browser tests too
	$(BIN)/python -m tests.chromium
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --ignore=tests/browser --ignore=tests/load
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal tests/browser
	$(BIN)/python -m pytest tests/load

setup: .venv/.test

.venv/.run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Init Lab needs Python 3.11 or newer.")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	nvidia-smi -L >/dev/null 2>&1 || $(BIN)/pip install --quiet --no-deps --retries 0 --timeout 15 \
		--index-url $(TORCH_INDEX) '$(TORCH)' || echo "PyTorch's index is out of reach; asking pip's own."
	$(BIN)/pip install --quiet -r requirements.txt
	touch $@

.venv/.test: .venv/.run tests/requirements.txt
	$(BIN)/pip install --quiet -r tests/requirements.txt
	touch $@

format: setup  ## write the formatting
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

type: setup
	$(BIN)/mypy app.py core pages

layers: setup
	$(BIN)/lint-imports

check: lint type layers test

bench: setup  ## the figures the project promises, as ratios
	$(BIN)/python -m tests.bench.stream
	$(BIN)/python -m tests.bench.page
	$(BIN)/python -m tests.bench.referee
	$(BIN)/python -m tests.bench.signal
