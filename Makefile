# Everything starts here: `make demo` shows the whole platform, `make test` tests it. Both set up what they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
# many images of containers set it; each process would then compile anew what it imports
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
# 3.11 first: it is what AWS Glue runs
PYTHONS := python3.11 python3.12 python3.13 python3
IS_SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in $(PYTHONS); do "$$python" -c '$(IS_SUPPORTED)' 2>/dev/null && command -v "$$python" && break; done)
SETUP := .venv/installed

ifeq ($(OS),Windows_NT)
$(error Windows itself is not supported: run this in WSL 2, https://learn.microsoft.com/windows/wsl/install)
endif
# an environment whose Python has gone is set up again
ifneq ($(shell $(BIN)/python -c '$(IS_SUPPORTED)' 2>/dev/null && echo works),works)
.PHONY: $(SETUP)
endif

.PHONY: help reference setup demo test test-only test-changed test-clock unit coverage lint format up down reset status deploy synth pipeline dbt silver-reference lock

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(SETUP) ## Virtual environment with every pinned dependency

# uv looks packages up even when all of them are installed; a copy of the lock spares that, so a later run needs no network
$(SETUP): requirements.lock pyproject.toml
	@"$(PYTHON)" -c '$(IS_SUPPORTED)' 2>/dev/null || { \
		found="$$("$(or $(PYTHON),python3)" --version 2>/dev/null || echo none)"; \
		echo "Python 3.11, 3.12 or 3.13 is needed: on the PATH, or as PYTHON=… (found: $$found)." >&2; \
		echo "With uv: make $(or $(MAKECMDGOALS),setup) PYTHON=\"\$$(uv python install 3.11 && uv python find 3.11)\"" >&2; exit 1; }
	@echo "setting up .venv with $$("$(PYTHON)" --version)"
	@{ $(BIN)/python -c '$(IS_SUPPORTED)' && $(BIN)/python -m pip --version; } >/dev/null 2>&1 || { \
		rm -rf .venv; "$(PYTHON)" -m venv .venv || { rm -rf .venv; \
		echo "Python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; }
	@cmp -s requirements.lock .venv/requirements.lock || { \
		awk '/^uv==/ {wanted = 1} wanted {print} wanted && !/\\$$/ {exit}' requirements.lock > .venv/uv.lock && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock && \
		$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock && \
		cp requirements.lock .venv/requirements.lock; }
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## The whole platform on this machine: deploy, traffic, pipeline, insights
	@$(BIN)/insights demo

# Four workers on two cores: much of the suite waits for jobs, builds and buffers. Lint runs beside the tests.
WORKERS ?= 4
# A test that fails runs once more and is listed as RERUN, but for one that hung; RERUNS=0, as in the nightly run, lets it
# fail at once
RERUNS ?= 1
AGAIN = -raR --reruns $(RERUNS) --rerun-except "from pytest-timeout"
PARALLEL = -n $(WORKERS) --dist loadgroup --no-loadscope-reorder --durations=30 --durations-min=2
TESTS ?=

test: setup ## Everything: lint, types, unit, integration, infrastructure, end to end; WORKERS=8 on a larger machine
	@mkdir -p .local; $(MAKE) --no-print-directory lint > .local/lint.log 2>&1 & lint=$$!; \
	trap 'kill $$lint 2>/dev/null || :' EXIT; \
	status=0; $(BIN)/pytest $(PARALLEL) $(AGAIN) $(TESTS) || status=$$?; \
	wait $$lint || status=$$?; cat .local/lint.log; exit $$status

test-only: setup ## Tests without lint, in parallel: make test-only TESTS=tests/e2e
	@$(BIN)/pytest $(PARALLEL) $(AGAIN) $(TESTS)

test-changed: setup ## The tests that your changes since BASE (default: where the branch left main) can break
	@selected="$$($(BIN)/python -m tests.changed $(BASE))"; \
	if [ -z "$$selected" ]; then echo "no test depends on what has changed"; else $(BIN)/pytest $(PARALLEL) $$selected; fi

test-clock: setup ## The tests with the clock 40 days ahead (Linux): make test-clock TESTS=tests/unit
	@library="$$(find .venv/lib -name libfaketime.so.1)"; \
	LD_PRELOAD="$$PWD/$$library" FAKETIME=+40d FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_FORCE_MONOTONIC_FIX=0 NO_FAKE_STAT=1 $(BIN)/pytest $(PARALLEL) $(TESTS)

.PHONY: past-instants
past-instants: setup ## Queries of gold as of twenty past instants, against what they answered then
	@INSTANTS=20 $(BIN)/pytest -q tests/unit/transforms/bi/test_time_travel.py

.PHONY: past-instants-in-account
past-instants-in-account: setup ## Every saved query as of twenty past builds of a real gold; minutes
	@INSTANTS_IN_ACCOUNT=$(or $(INSTANTS),20) $(BIN)/pytest -q tests/integration/transforms/dbt/test_past_instants.py

.PHONY: live-instants
live-instants: setup ## Live figures at a hundred instants, against what the next run computes
	@INSTANTS=100 $(BIN)/pytest -q tests/unit/transforms/live

.PHONY: bench-live
bench-live: setup ## How soon after its 201 a task is in live_tasks, beyond Firehose's buffer, and what a query reads
	@$(BIN)/python -m tests.bench.live

.PHONY: impact
impact: setup ## All planted changes of models, and whether everybody whom they reach is named
	@EVERY_CHANGE=1 $(BIN)/pytest -q -s tests/unit/transforms/impact

# Two processes of equal length. Workers of pytest-xdist would both import everything, which takes longer than the tests.
UNIT_HALF = tests/unit/api tests/unit/ingestion tests/unit/orchestration tests/unit/selection tests/unit/transforms/silver tests/unit/infra/preflight

unit: setup ## The quick tests
	@mkdir -p .local; $(BIN)/pytest -q $(UNIT_HALF:%=--ignore=%) tests/unit > .local/unit.log 2>&1 & other=$$!; \
	status=0; $(BIN)/pytest -q $(UNIT_HALF) || status=$$?; \
	wait $$other || status=$$?; cat .local/unit.log; exit $$status

coverage: setup ## What the quick tests reach, by line and branch
	@$(BIN)/pytest -q --cov --cov-report=term tests/unit

lint: setup ## ruff, plain names, documentation, mypy --strict, sqlfluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m tests.lint.plain_names
	@$(BIN)/python -m tests.lint.plain_prose
	@$(BIN)/python -m tests.lint.page_references
	@$(BIN)/python -m tests.lint.page_figures
	@echo "mypy --strict: minutes when its cache is empty" && $(BIN)/mypy
	@echo "sqlfluff: models, tests and saved queries" && $(MAKE) --no-print-directory lint-sql

.PHONY: lint-sql
lint-sql: setup ## sqlfluff alone, in seconds: make lint-sql FILES=transforms/dbt/models/marts/fct_tasks.sql
	@cd transforms/dbt && ../../$(BIN)/sqlfluff lint --nocolor --config .sqlfluff $(or $(abspath $(FILES)),models tests ../bi/queries)

format: setup ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

up: setup ## Start the local account
	@$(BIN)/insights up

down: setup ## Stop the local account; its state is kept
	@$(BIN)/insights down

status: setup ## Look at the local account
	@$(BIN)/insights status || case $$? in 1|3) ;; *) exit 1 ;; esac

reset: setup ## Delete everything in the local account
	@$(BIN)/insights reset --yes

deploy: setup ## Deploy every stack to the local account
	@$(BIN)/insights up
	@$(BIN)/insights deploy

synth: setup ## Write every environment's templates to cdk.out/examples/
	@$(BIN)/insights synth

.PHONY: synth-accept
synth-accept: setup ## Write cdk.snapshots/ and docs/alarms.md anew, to be reviewed as a diff
	@$(BIN)/python -m infra.baselines

.PHONY: serve
serve: setup ## The API of this checkout on 127.0.0.1:8000, over the local account, with reload
	@$(BIN)/insights serve

pipeline: setup ## One pipeline execution, watched live
	@$(BIN)/insights pipeline start --wait

.PHONY: dashboard
dashboard: setup ## The BI dashboard on 127.0.0.1:8501, over the local account
	@$(BIN)/insights dashboard

dbt: setup ## dbt on the local account: make dbt ARGS="build -s stg_tasks+"
	@$(BIN)/insights dbt -- $(ARGS)

silver-reference: setup ## Write dbt's sources and docs/silver.md from silver's contract
	@$(BIN)/python -m transforms.silver.docs_generator

.PHONY: openapi
openapi: setup ## Write docs/openapi.json anew; BREAKING=1 accepts what breaks clients
	@AWS_DEFAULT_REGION=us-east-1 $(BIN)/python -m api.openapi $(if $(BREAKING),--accept-breaking)

.PHONY: fuzz-api
fuzz-api: setup ## Ten minutes of Schemathesis on the deployed local API: make fuzz-api SECONDS=60
	@$(BIN)/python -m tests.fuzz $(if $(SECONDS),--seconds $(SECONDS))

.PHONY: gold-history
gold-history: setup ## Gold is right after each of 32 runs of silver, for three seeds; an hour
	@RUNS_PER_BUILD=1 SEEDS=7,11,13 $(BIN)/pytest -n $(WORKERS) tests/integration/transforms/dbt/test_incremental_builds.py

.PHONY: maintenance-crashes
maintenance-crashes: setup ## Silver's maintenance dies before and after each of its writes, and the next one mends it: make maintenance-crashes EVERY=7
	@FIRST=$(or $(FIRST),0) EVERY=$(or $(EVERY),1) $(BIN)/pytest tests/integration/transforms/maintenance_crashes.py $(ARGS)

.PHONY: fuzz-sql
fuzz-sql: setup ## Ten minutes of generated SQL on a local Athena: make fuzz-sql SECONDS=60
	@$(BIN)/python -m tests.sql_fuzz $(if $(SECONDS),--seconds $(SECONDS))

.PHONY: life-of-prod
life-of-prod: setup ## prod's settings in a local account: deployed half-way, whole, again, removed, once more; minutes
	@$(BIN)/pytest tests/lifecycle/life_of_prod.py

.PHONY: second-opinion
second-opinion: setup ## Tests of API and services on moto, another emulator: make second-opinion ARGS="-x"
	@$(BIN)/python -m tests.second_opinion $(if $(ARGS),-- $(ARGS))

.PHONY: year
year: setup ## A simulated year of life, with faults and their repairs, on a clock of its own (Linux): make year DAYS=30 SEED=2
	@$(BIN)/python -m tests.year $(if $(DAYS),--days $(DAYS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: bad-days
bad-days: setup ## 2,000 changes in twelve days with incidents; seeds 1 to 3 together have each: make bad-days SEED=2
	@$(BIN)/python -m tests.year --every-incident --changes 2000 $(if $(SEED),--seed $(SEED))

.PHONY: screenshots screenshots-accept
screenshots: setup ## The dashboard's pages at 1400 and 390 pixels, compared with the committed ones
	@SCREENSHOTS=compare $(BIN)/pytest -q -k draws_its_charts tests/integration/transforms/bi/test_dashboard.py

screenshots-accept: setup ## Take the committed ones anew, after a look at .screenshots/
	@SCREENSHOTS=accept $(BIN)/pytest -q -k draws_its_charts tests/integration/transforms/bi/test_dashboard.py

.PHONY: peers
peers: setup ## A client's own test suite on a local Athena: make peers SUITE=pyathena CHECKOUT=../PyAthena
	@$(BIN)/python -m tests.peers $(SUITE) $(CHECKOUT)

.PHONY: bench
bench: setup ## Every bench, docs/benchmarks.md and docs/scale.md, an hour; ARGS="--only api", --quick, --twice, --check
	@$(BIN)/python -m tests.bench.report $(ARGS)

.PHONY: soak
soak: setup ## Five minutes of requests while the pipeline runs, memory of workers: make soak SECONDS=60
	@$(BIN)/python -m tests.bench.soak $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

.PHONY: bench-api
bench-api: setup ## What the API costs: calls, write units, CPU, cold import, overhead
	@$(BIN)/python -m tests.bench.api

.PHONY: bench-ingestion
bench-ingestion: setup ## How fast change capture is: records a second and core, from a write to bronze
	@$(BIN)/python -m tests.bench.ingestion

.PHONY: bi-reference
bi-reference: setup ## Write the tables and questions of docs/bi.md from dbt's models and the saved queries
	@$(BIN)/python -m transforms.bi.docs_generator

reference: setup ## Write every generated page and dbt's sources from the code that they describe
	@$(BIN)/python -m infra.site

.PHONY: pictures
pictures: setup ## The pictures in docs/images, of the running account: make demo first
	@$(BIN)/python -m infra.site.pictures

.PHONY: docs
docs: setup ## The documentation site, into build/site: fails when a page is out of date or a link is broken
	@$(BIN)/python -m infra.site.build

.PHONY: follow-pages
follow-pages: setup ## Every role's pages from a fresh clone, timed: make follow-pages ARGS="--role operator --offline"
	@$(BIN)/python -m tests.newcomer $(ARGS)

.PHONY: bench-gold
bench-gold: setup ## What gold costs: dbt's builds of 100,000 events by model, bytes scanned, the saved queries
	@$(BIN)/python -m tests.bench.gold $(ARGS)

.PHONY: bench-growth
bench-growth: setup ## How the cost of a run grows with the history: 100,000 and 1,000,000 events, the same increment
	@$(BIN)/python -m tests.bench.growth $(ARGS)

.PHONY: bench-silver
bench-silver: setup ## What silver costs, against DuckDB: make bench-silver ARGS=--quick builds 100,000 events only
	@$(BIN)/python -m tests.bench.silver $(ARGS)

.PHONY: audit
audit: setup ## Known vulnerabilities of what is locked; exits with 2 where advisories cannot be reached
	@$(BIN)/python -m infra.supply_chain.audit

.PHONY: sbom
sbom: setup ## Bills of materials (CycloneDX) of what is deployed, in build/sbom/
	@$(BIN)/python -m infra.supply_chain.sbom build/sbom

.PHONY: licences
licences: setup ## Write docs/licences.md from the locks
	@$(BIN)/python -m infra.supply_chain.licences

lock: setup ## Pin the dependencies of pyproject.toml anew
	@$(BIN)/python -m infra.locks
