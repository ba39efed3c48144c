# Two commands do: `make run` serves the app, `make test` tests everything.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

# Where there is no NVIDIA GPU, torch's CPU build is taken from PyTorch's own index: one try, without
# retries; if that fails, from wherever pip is configured to look.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH := $(shell sed -n '/^torch==/p' requirements.txt)

.PHONY: run serve test setup lint format type layers check bench load audit pictures faults

run: .venv/.run  ## serve http://localhost:8501 and open it
	PORT=$(PORT) $(BIN)/python -m pages.server --open

serve: .venv/.run  ## serve without a browser; PORT, HOST and INIT_LAB_… come from the environment
	PORT=$(PORT) $(BIN)/python -m pages.server

# For two cores: two workers keep them busy, with a browser too, and a worker's torch keeps to one. Both halves
# run, whatever becomes of the first. Bytecode is kept, as servers start again and again.
test: setup  ## everything, browser tests too
	$(BIN)/python -m tests.chromium
	@trap 'exit 130' INT; export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=; \
	half() { $(BIN)/python -m pytest --dist worksteal "$$@" && outcome=passed || { outcome=FAILED; failed=1; }; }; \
	half -n 2 --ignore=tests/browser; first=$$outcome; \
	half -n 2 tests/browser; \
	printf "without a browser: %s\nin a browser: %s\n" $$first $$outcome; exit $${failed:-0}

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
	$(BIN)/mypy app.py core pages deploy

layers: setup
	$(BIN)/lint-imports

check: lint type layers test

bench: setup  ## the figures the project promises, as ratios
	$(BIN)/python -m tests.bench.stream
	$(BIN)/python -m tests.bench.page
	$(BIN)/python -m tests.bench.referee
	$(BIN)/python -m tests.bench.signal
	$(BIN)/python -m tests.bench.readers
	$(BIN)/python -m tests.bench.hand

load: setup  ## a class of 200 against the server, beside Streamlit's own settings; both cores alone
	$(BIN)/python -m tests.load

pictures: setup  ## the README's pictures, taken anew
	$(BIN)/python -m tests.chromium
	$(BIN)/python -m tests.pictures

# In an environment of its own: what audits needs thirty packages that nothing else here does.
audit: setup  ## what is installed, against the list of known weaknesses
	test -x .venv/audit/bin/pip-audit || { $(PYTHON) -m venv .venv/audit && \
		.venv/audit/bin/pip install --quiet pip-audit==2.10.1; }
	.venv/audit/bin/pip-audit --path $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
		--progress-spinner off

faults: setup  ## plant faults one at a time, in a copy; each must turn a test red (more than an hour)
	$(BIN)/python -m tests.faults
