# Everything a person or CI runs. Each target sets up what it needs: only Python 3.11 or newer, make
# and the package registries are taken for granted.

UV_VERSION := 0.13.9
UV := .tools/bin/uv
UV_INSTALLED := .tools/.uv-$(UV_VERSION)
# The first interpreter that is new enough; say `make PYTHON=/path/to/python3.13` to choose another.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
endif

export UV_PYTHON_DOWNLOADS := never
export SAM_CLI_TELEMETRY := 0

ENVIRONMENT := .venv/.ready
SAM_ENVIRONMENT := .venv-sam/.ready
LINT_ENVIRONMENT := .venv-lint/.ready
AWS_ENVIRONMENT := .venv-aws/.ready
SAM := .venv-sam/bin/sam
TESTS ?= tests
LIVE_TRINO := $(addprefix tests/conformance/live_,trino.py writing.py alone.py real_data.py pipeline.py)
SCHEDULES ?= 2000
FIRST ?= 0

# The checks share nothing, so they run side by side; on make 4 each one's output stays together.
SIDE_BY_SIDE := $(MAKE) --no-print-directory --keep-going --jobs=2 \
	$(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

# A file's tests share a stack, so they stay together; in the order of their names the slow files, of
# few tests each, come first and do not hold up the end. Live stacks wait now and then: three
# processes keep two cores busy.
SHARED_OUT := --numprocesses=3 --dist=loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test test-trino check fmt soak bench build deploy clean \
	check-format check-lint check-types check-queries check-template check-sam check-security

help: ## What can be made here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(ENVIRONMENT) ## The whole pipeline on this machine: sample extracts in, KPIs out
	@.venv/bin/dayfold demo

test: $(ENVIRONMENT) $(SAM_ENVIRONMENT) $(LINT_ENVIRONMENT) $(AWS_ENVIRONMENT) ## All tests (some of them: make test TESTS=tests/unit)
	@.venv/bin/pytest $(SHARED_OUT) $(TESTS)

test-trino: $(ENVIRONMENT) ## The local Athena held against a Trino server (needs Java 17 and Maven)
	@.venv/bin/pytest -n0 $(LIVE_TRINO)

check: $(ENVIRONMENT) $(SAM_ENVIRONMENT) $(LINT_ENVIRONMENT) ## Format, lint, types, queries, template, security
	@$(SIDE_BY_SIDE) check-security check-types check-sam check-template check-queries check-lint check-format

fmt: $(ENVIRONMENT) ## Put the Python code into its one format
	@.venv/bin/ruff check --fix --quiet; .venv/bin/ruff format

soak: $(ENVIRONMENT) ## Thousands of fault schedules (make soak SCHEDULES=2000 FIRST=0)
	@.venv/bin/python -m tests.faults.schedules.soak --schedules $(SCHEDULES) --first $(FIRST)

bench: $(ENVIRONMENT) ## Measure what DESIGN promises in numbers
	@.venv/bin/python -m benchmarks

build: $(SAM_ENVIRONMENT) ## What AWS Lambda will run, in .aws-sam/ (no Docker, no compiler)
	@PYTHON="$(abspath .tools/bin/python)" $(SAM) build

deploy: build ## Deploy with your AWS profile (make deploy PARAMETERS="BusinessTimeZone=Europe/Berlin")
	@$(SAM) deploy $(if $(PARAMETERS),--parameter-overrides $(PARAMETERS))

clean: ## Remove what was installed and built (the local stack's state stays: dayfold reset)
	rm -rf .venv .venv-sam .venv-lint .venv-aws .tools .aws-sam dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

check-format:
	@.venv/bin/ruff format --check --quiet && echo "format    ok"

check-lint:
	@.venv/bin/ruff check --quiet --output-format=concise && echo "lint      ok"

check-types:
	@.venv/bin/mypy --no-error-summary && echo "types     ok"

check-queries:
	@.venv/bin/dayfold check >/dev/null && echo "queries   ok"

check-template:
	@.venv-lint/bin/cfn-lint template.yaml && echo "template  ok"

check-sam:
	@$(SAM) validate --lint --region us-east-1 >/dev/null && echo "sam       ok"

check-security:
	@found=$$(.venv-lint/bin/checkov --config-file .checkov.yaml) && echo "security  ok" || { echo "$$found"; exit 1; }

# One lock file, four environments: the SAM CLI, the template linters and the AWS CLI pin versions
# that clash.
$(ENVIRONMENT): $(UV_INSTALLED) pyproject.toml uv.lock
	@echo "Installing Dayfold's packages into .venv"
	@UV_PROJECT_ENVIRONMENT=.venv $(UV) sync --quiet --frozen --compile-bytecode --python $(PYTHON) --extra local
	@touch $@

$(SAM_ENVIRONMENT): $(UV_INSTALLED) uv.lock
	@echo "Installing the SAM CLI into .venv-sam"
	@UV_PROJECT_ENVIRONMENT=.venv-sam $(UV) sync --quiet --frozen --python $(PYTHON) --only-group sam
	@touch $@

$(LINT_ENVIRONMENT): $(UV_INSTALLED) uv.lock
	@echo "Installing the template's linters into .venv-lint"
	@UV_PROJECT_ENVIRONMENT=.venv-lint $(UV) sync --quiet --frozen --python $(PYTHON) --only-group lint-template
	@touch $@

$(AWS_ENVIRONMENT): $(UV_INSTALLED) uv.lock
	@echo "Installing the AWS CLI into .venv-aws"
	@UV_PROJECT_ENVIRONMENT=.venv-aws $(UV) sync --quiet --frozen --python $(PYTHON) --only-group aws-cli
	@touch $@

$(UV_INSTALLED):
	@test -n "$(PYTHON)" || { echo "Dayfold needs Python 3.11 or newer and found none on PATH;" \
		"install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
		"Dayfold needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)" >&2; exit 1; }
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@
