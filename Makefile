# Three commands for people: `make run`, `make shop` and `make test`. Everything else is `./broker COMMAND`.
# Needs git, make and Python 3.11 or newer; everything else is installed into .venv.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$p"; break; }; done)
BIN := .venv/bin

# SETTINGS=FILE: the settings of one of several stacks, as cdk's options (examples/README.md). CONTEXT goes before them.
ifdef SETTINGS
ifeq ($(wildcard $(SETTINGS)),)
$(error SETTINGS=$(SETTINGS): there is no such file)
endif
override CONTEXT := $(shell cat $(SETTINGS)) $(CONTEXT)
endif

.PHONY: setup spark run shop test quick proofs check law mutations soak bench libraries benchmarks synth deploy dist docs pictures sbom audit clean

setup: .venv/.ready

run: setup
	@./broker run

# A web shop on the local services, and a panel beside it. FLAGS=--port=8080, for example.
shop: setup shop/node_modules/.ready
	@./broker shop $(FLAGS)

# The CDK command line before all tests: several of them would install it at once. Bytecode is kept, whatever the
# environment says: hundreds of processes load the same modules.
test: setup .venv/ministack/.ready .venv/clients/.ready .venv/libraries/.ready .venv/spark/.ready node_modules/.ready shop/node_modules/.ready
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# What needs no process of its own: no services, no CDK. For use while you write.
quick: setup
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not server"

# The same tests with all that they draw: `make test` plays a part of it.
proofs:
	@BROKER_PROOFS=1 $(MAKE) --no-print-directory test

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy --strict lambda_src/broker
	@$(BIN)/mypy cli diagnosis distribution docs_site evaluation experiments faults lifecycle local_stack personalize_data personalize_local personalize_rules recommender_models history_jobs replay seeding shop
	@$(BIN)/mypy app.py infra blueprint
	@$(MAKE) --no-print-directory test

# The conservation law over many drawn histories, in virtual time: make law HISTORIES=20000 SEED=1.
law: setup
	@PYTHONPATH=lambda_src $(BIN)/python -m tests.law --histories $(or $(HISTORIES),20000) --seed $(or $(SEED),1) $(FLAGS)

# What each line of the answer to failures is worth: its code taken out, in a copy, and which test notices.
mutations: setup
	@PYTHONPATH=lambda_src $(BIN)/python -m tests.law.mutations

# The loop for a long time, with faults: make soak SECONDS=3600 RATE=100.
soak: setup
	@./broker soak --seconds $(or $(SECONDS),600) --rate $(or $(RATE),100)

# The loop beside other ways to write it and an earlier commit: writes docs/performance.md, in twenty minutes, and
# what follows from it in docs/cost.md.
# make bench FLAGS=--quick PAGE= takes a minute or two, and writes nothing.
PAGE = docs/performance.md
bench: setup
	@baseline=$$(bench/baseline) && PYTHONPATH=lambda_src:. $(BIN)/python -m bench.loop --baseline "$$baseline" \
		$(if $(PAGE),--page $(PAGE)) $(FLAGS)
	@$(if $(PAGE),PYTHONPATH=lambda_src:. $(BIN)/python -m bench.freshness --page $(PAGE))
	@$(if $(PAGE),PYTHONPATH=lambda_src:. $(BIN)/python -m bench.cost_page)

# Other metric libraries on the same lists: writes the tables of docs/other_libraries.md. It installs PyTorch, gigabytes.
libraries: setup .venv/libraries/.ready
	@PYTHONPATH=lambda_src:. $(BIN)/python -m bench.libraries $(FLAGS)

# Our recommenders where others have published results: writes docs/benchmarks.md, which says what to download into DATA.
benchmarks: setup
	@test -n "$(DATA)" || { echo "make benchmarks DATA=FOLDER: docs/benchmarks.md says what to download into it" >&2; exit 2; }
	@OMP_NUM_THREADS=1 PYTHONPATH=lambda_src:. $(BIN)/python -m bench.published "$(DATA)" $(FLAGS)

# The template in cdk.out. STAGE=collect|train|recommend goes before cdk.json; CONTEXT='-c broker:name=…', too.
# With CONFIRM=hotfix the functions' new versions take over at once, and no alarm stops them.
HOTFIX := $(if $(findstring hotfix,$(CONFIRM)),-c broker:hotfix=true)
synth: node_modules/.ready
	@./cdk synth --quiet $(HOTFIX) $(CONTEXT) && echo "Synthesised: cdk.out/Broker.template.json"

# What was synthesised, and only after a look at what is deployed. FLAGS are cdk's own.
deploy: synth
	@$(BIN)/python -m infra.deploy_checks cdk.out --confirm "$(CONFIRM)" $(FLAGS)
	@./cdk deploy --app cdk.out $(FLAGS)
	@$(BIN)/python -m infra.apply_tuning cdk.out $(FLAGS)

# The local Amazon Personalize as a distribution of its own: wheel and source archive in dist/ (distribution/README.md).
dist: setup
	@$(BIN)/python -m distribution

# The pages of this repository as a web site that can be searched: site/index.html, to be opened as it is.
docs: setup .venv/docs/.ready
	@$(BIN)/python -m docs_site

# The pictures in README and docs, from what really runs: some minutes. NAMES=run draws one scene's only.
pictures: setup shop/node_modules/.ready
	@PYTHONPATH=.:lambda_src $(BIN)/python -m docs_site.pictures $(NAMES)

# What the functions' zip and the development environment consist of, as CycloneDX. The tools run in environments apart.
TOOL := $(BIN)/uv tool run --quiet --python $(BIN)/python
SBOM := $(TOOL) --from cyclonedx-bom==7.5.0 cyclonedx-py requirements --output-reproducible
sbom: setup
	@mkdir -p sbom
	@$(SBOM) --output-file sbom/functions.cdx.json infra/lambda_requirements.txt
	@$(SBOM) --output-file sbom/development.cdx.json requirements.txt
	@echo "Written: sbom/functions.cdx.json, sbom/development.cdx.json"

# Known vulnerabilities of the same packages. It asks PyPI about each of them, so it needs the network.
audit: setup
	@$(TOOL) pip-audit==2.10.1 --strict --disable-pip --require-hashes --requirement infra/lambda_requirements.txt \
		--requirement requirements.txt || { code=$$?; echo "make audit: a package above has a known vulnerability, or \
	PyPI could not be asked (there is no copy of its advisories to use offline)" >&2; exit $$code; }

clean:
	@rm -rf .venv node_modules shop/node_modules tests/clients/node_modules cdk.out dist sbom site .pytest_cache .ruff_cache .mypy_cache .hypothesis .local.env
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The lock is installed by uv, in seconds; where uv can't be had, by pip, in a minute or two.
.venv/.ready: requirements.txt
	@test -n "$(PYTHON)" || { echo "Personalize Broker needs Python 3.11 or newer: install it, or name it with make PYTHON=/path/to/python3" >&2; exit 2; }
	@test -x $(BIN)/python && $(BIN)/python -c 'import pip' 2>/dev/null || { rm -rf .venv; "$(PYTHON)" -m venv .venv 2>/dev/null; } || { \
		rm -rf .venv; echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian and Ubuntu: apt install python3-venv)" >&2; exit 2; }
	@echo "Installing into .venv (once, and again when requirements.txt changes) …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9 \
		&& $(BIN)/uv pip install --python $(BIN)/python --requirements requirements.txt \
		|| $(BIN)/python -m pip install --disable-pip-version-check --requirement requirements.txt
	@touch $@

# What tests/deploy deploy onto: it pins a botocore of its own, hence the environment apart.
.venv/ministack/.ready: .venv/.ready tests/deploy/requirements.txt
	@$(BIN)/python -m tests.deploy.install && touch $@ \
		|| echo "ministack could not be installed: the tests in tests/deploy will be skipped" >&2

# What tests/clients run: other people's clients, which pin a botocore of their own.
.venv/clients/.ready: .venv/.ready tests/clients/requirements.txt tests/clients/package-lock.json
	@$(BIN)/python -m tests.clients.install && touch $@ \
		|| echo "mParticle's and AWS's clients could not be installed: the tests in tests/clients will be skipped" >&2

# Metric libraries that tests hold ours against: RecTools needs an older NumPy.
.venv/libraries/.ready: .venv/.ready bench/libraries/requirements.txt
	@$(BIN)/python -m tests.environments .venv/libraries bench/libraries/requirements.txt && touch $@ \
		|| echo "other metric libraries could not be installed: tests with them will be skipped" >&2

# Spark's client, for ./broker backfill --spark, and Sail, a server of Spark Connect for the tests.
.venv/spark/.ready: .venv/.ready history_jobs/requirements.txt
	@$(BIN)/python -m tests.environments .venv/spark history_jobs/requirements.txt && touch $@ \
		|| echo "Spark's client could not be installed: ./broker backfill --spark needs it, and tests with it will be skipped" >&2

spark: setup .venv/spark/.ready

# What builds the site: nobody who reads the pages on GitHub needs it.
.venv/docs/.ready: .venv/.ready docs_site/requirements.txt
	@$(BIN)/python -m tests.environments .venv/docs docs_site/requirements.txt && touch $@

# mParticle's web SDK, which the shop's pages load.
shop/node_modules/.ready: .venv/.ready shop/package-lock.json
	@node=$$($(BIN)/python -m infra.toolchain) && "$$node" "$$(dirname "$$node")/../lib/node_modules/npm/bin/npm-cli.js" \
		ci --prefix shop --silent --no-audit --no-fund --ignore-scripts
	@touch $@

# The CDK command line, by the npm that comes with Node from PyPI.
node_modules/.ready: .venv/.ready package-lock.json
	@modules=$$(dirname "$$($(BIN)/python -m infra.toolchain)")/../lib/node_modules \
		&& "$$($(BIN)/python -m infra.toolchain)" "$$modules/npm/bin/npm-cli.js" ci --silent --no-audit --no-fund
	@touch $@
