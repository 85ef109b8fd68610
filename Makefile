# One command each: `make run` to try Tandem, `make test` to check it. docs/operations.md tells more.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
RASA := $(PYTHON) -m tandem.run.suppress_warnings rasa
QUIET := RASA_TELEMETRY_ENABLED=false TF_CPP_MIN_LOG_LEVEL=3 SQLALCHEMY_SILENCE_UBER_WARNING=1
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.10

# Unit and contract tests run in two processes, for two cores, each with about half of the work: handing every test to one
# of several by itself costs a fifth of the time. All other tests have the machine alone.
ONE_HALF := tests/contract tests/unit/live_agents
define fast_tests
code=0
mkdir -p reports
$(QUIET) $(PYTHON) -m pytest -q $(PYTEST) $(ONE_HALF) >reports/contract-tests.log 2>&1 & half=$$!
$(QUIET) $(PYTHON) -m pytest -q $(PYTEST) tests/unit $(addprefix --ignore ,$(ONE_HALF)) || code=$$?
wait $$half || code=$$?
cat reports/contract-tests.log
endef

.PHONY: help install install-dev run doctor train check test lint stories evaluate evaluate-quick faults test-shop lock clean

help: ## Show this
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: ## Make .venv and install what Tandem runs on
	@scripts/install

install-dev: ## The same with what the tests need
	@scripts/install dev

run doctor: export TANDEM_DEMO ?= 1

run: install ## Train if needed, start the demo, print its addresses; Ctrl-C stops it
	@exec $(PYTHON) -m tandem.cli run

doctor: install ## Say what would keep Tandem from running here
	@exec $(PYTHON) -m tandem.cli doctor

train: install ## Train the model if data, configuration or domain changed
	@exec $(PYTHON) -m tandem.cli train

check: install-dev ## The fast part, for the work in between: style, types, unit and contract tests
	@$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy & types=$$!
	$(fast_tests)
	wait $$types || code=$$?
	exit $$code

test: lint stories evaluate-quick ## Everything CI checks
	@$(fast_tests)
	$(QUIET) $(PYTHON) -m pytest --ignore tests/unit --ignore tests/contract $(PYTEST) || code=$$?
	exit $$code

lint: install-dev ## Style and types
	@$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

stories: install-dev ## Validate the training data, train, run the test stories
	@find tests -name "test_*.yml" | grep -q . || { echo "no test stories in tests/" >&2; exit 1; }
	mkdir -p reports
	echo "validating the training data"
	$(QUIET) $(RASA) data validate --fail-on-warnings >reports/validate.log 2>&1 || { cat reports/validate.log; exit 1; }
	$(PYTHON) -m tandem.cli train
	echo "running the test stories"
	$(QUIET) $(RASA) test core --e2e --stories tests --model "$$($(PYTHON) -m tandem.cli train | tail -1)" --out reports/stories \
		--fail-on-prediction-errors >reports/stories.log 2>&1 || { tail -50 reports/stories.log; \
		cat reports/stories/failed_test_stories.yml; exit 1; }
	grep -A 2 "Evaluation Results on ACTION level" reports/stories.log

evaluate: install ## Measure intents, moods and escalation; reports/evaluation.html; fails if a figure fell
	@$(QUIET) $(PYTHON) -m tandem.run.suppress_warnings tandem.cli evaluate

evaluate-quick: stories
	@$(QUIET) $(PYTHON) -m tandem.run.suppress_warnings tandem.cli evaluate --quick

faults: install-dev ## Live 2,000 conversations while everything breaks, and write docs/reliability.md (about an hour); see FAULTS there
	@$(QUIET) $(PYTHON) -m tests.system.faults --write $(FAULTS)

test-shop: install-dev ## The contract of order engines on a real Medusa, and on Shopify's schema; needs node, npm and PostgreSQL (docs/orders/medusa.md)
	@$(QUIET) TEST_SHOP=1 $(PYTHON) -m pytest $(PYTEST) tests/shop_engine

lock: ## Pin the dependencies anew (needs uv)
	@$(LOCK) -o requirements.txt pyproject.toml
	$(LOCK) --extra dev -o requirements-dev.txt pyproject.toml

clean: ## Remove what was made, but for the databases in var/
	@rm -rf .venv models/.new models/.training models/tandem-* models/training.log reports .rasa .mypy_cache .ruff_cache .pytest_cache .hypothesis
