# The few commands of Trivet. `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.stamp
ONCE ?=
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
# compiled once at setup: else every command and every task of Airflow compiles what it imports, seconds each
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test check sbom cluster-test judges chaos fuzz bench lock docs clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## create .venv with every pinned package (quick when nothing changed)

$(STAMP): requirements.lock requirements-audio.lock requirements-tools.lock setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "trivet needs Python 3.11 to 3.13; say which: make setup PYTHON=/path/to/python3.11")'
	@$(PYTHON) -c 'import venv, ensurepip' || { echo 'this Python cannot make environments; on Debian: apt-get install python3-venv'; exit 1; }
	@echo 'setting up .venv (once; about 190 packages)'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip sync --quiet --require-hashes requirements-tools.lock requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --require-hashes --no-deps -r requirements-audio.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@rm -rf trivet.egg-info # a second trivet for whoever runs in the checkout
	@rm -rf .venv/lib/python3*/site-packages/tests # pyodata brings its own tests, which would stand before ours
	@touch $(STAMP)

run: $(STAMP) ## the main job: sandbox, Airflow, one nightly flow; stays up until Ctrl-C (ONCE=1: ends with a verdict)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/trivet demo $(if $(ONCE),--once)

# in the order of the tree: by number of tests, the longest files came last, when one core had nothing else to do;
# one process more than cores: many a test waits for Airflow or a browser, and a core would wait with it;
# of the second run the files are named, for to collect all the others again takes half a minute
test: $(STAMP) ## every test: side by side on every core, then those that need the machine for themselves
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m 'not alone'
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m alone $$(grep -rl --include='test_*.py' 'mark\.alone' tests)

check: $(STAMP) ## lint, types, import rules, schemas, mappings, licences, secrets, generated docs, spelling (under a minute)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/check

sbom: $(STAMP) ## a bill of materials of every pinned package, CycloneDX, in build/sbom.json
	@$(BIN)/python -m scripts.sbom

cluster-test: $(STAMP) requirements-cluster.lock ## PostgreSQL, Redis, all of Airflow, two Celery workers, one killed; CANDIDATES=2000 arrive once
	@test -x .venv-cluster/bin/python || $(PYTHON) -m venv .venv-cluster
	@VIRTUAL_ENV=$(CURDIR)/.venv-cluster $(BIN)/uv pip sync --quiet --require-hashes requirements-tools.lock requirements-cluster.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv-cluster $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@rm -rf trivet.egg-info
	@.venv-cluster/bin/python -m scripts.cluster_logins
	@.venv-cluster/bin/python -m scripts.cluster_test --candidates $(or $(CANDIDATES),2000)

judges: $(STAMP) ## official suites, both engines on 1,000 documents a file, vendors' own SDKs and servers; rewrites docs/judges.md
	@$(BIN)/python -m scripts.judges
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest tests/sandbox tests/judges/test_*_judge.py -rs

chaos: $(STAMP) ## kill workers TRIALS=2000 times with SEED=1, simulate five times as many histories; rewrites docs/reliability.md
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m scripts.chaos --trials $(or $(TRIALS),2000) --seed $(or $(SEED),1)

fuzz: $(STAMP) ## look for inputs that break parsers, pages, answers and the API: SECONDS=60 a parser, EXAMPLES=200 a property
	@$(BIN)/python -m scripts.fuzz --seconds $(or $(SECONDS),60)
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),200) $(BIN)/python -m pytest tests/fuzz --timeout 0

bench: $(STAMP) ## the benchmarks, each beside its peers, as tables
	@for name in $$(ls benchmarks/*.py | xargs -n1 basename | sed 's/\.py$$//' | grep -v __init__); do $(BIN)/python -m benchmarks.$$name || exit 1; done

docs: $(STAMP) ## rewrite the generated pages
	@$(BIN)/python -m scripts.generate_docs

lock: $(STAMP) ## resolve setup.cfg anew into requirements.lock and, for many workers, requirements-cluster.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip compile setup.cfg --extra demo --extra sap --extra postgres --extra test --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip compile setup.cfg --extra report --extra speech --extra sap --extra cluster --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements-cluster.lock

clean: ## remove the environment and everything that a run left
	rm -rf .venv .venv-cluster .trivet .airflow build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
