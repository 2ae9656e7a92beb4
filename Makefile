# Every target makes what it needs from python3, make and the package index alone.
PYTHON ?= python3
VENV   := .venv
DEMO   := .cache/demo
BIN    := $(VENV)/bin
FUZZ   := .cache/fuzz/venv
ARGS   ?=
FUZZ_SECONDS ?= 20

.PHONY: demo test check bench soak fuzz fuzz-corpus screenshots lock clean

# The practice organization: nothing of yours is read or written. ARGS="exec payments-dev/Admin -- aws s3 ls" runs one command.
demo: $(DEMO)/.done
	@PATH="$(CURDIR)/$(DEMO)/bin:$$PATH" $(DEMO)/bin/xswitch demo $(if $(ARGS),-- $(ARGS))

# Twice as many workers as two cores: the tests of terminals, shells and time-outs mostly wait.
test: $(VENV)/.done .cache/ministack/.done .cache/moto/.done .cache/clients/.done .cache/system-packages
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -q -n 4 --dist worksteal tests

check: $(VENV)/.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy xswitch
	$(BIN)/lint-imports

bench: $(VENV)/.done .cache/awsume/.done
	$(BIN)/python tests/benchmarks/bench.py
	$(BIN)/python tests/benchmarks/bench_sources.py

# Vault and sessions under kills, faults and jumping clocks for ten minutes, or SOAK_SECONDS=60; SOAK_SEED=1 repeats one.
soak: $(VENV)/.done
	$(BIN)/python tests/soak/soak.py --seconds $(or $(SOAK_SECONDS),600) $(if $(SOAK_SEED),--seed $(SOAK_SEED))

# Every fuzz target for FUZZ_SECONDS by atheris (Linux; see tests/fuzz), then twenty times as many examples of each property.
fuzz: $(VENV)/.done $(FUZZ)/.done .cache/ministack/.done .cache/system-packages
	$(FUZZ)/bin/python tests/fuzz/fuzz_run.py $(FUZZ_SECONDS)
	$(BIN)/python -m pytest -q -n 4 --dist worksteal -m hypothesis --hypothesis-profile=deep tests

# Keeps in tests/fuzz/corpus the smallest inputs that reach whatever those that were found meanwhile reach.
fuzz-corpus: $(FUZZ)/.done
	$(FUZZ)/bin/python tests/fuzz/fuzz_run.py --keep

screenshots: $(VENV)/.done
	UPDATE_SCREENSHOTS=1 $(BIN)/python -m pytest -q tests/tui/test_tui_screenshots.py

# The locks: exact versions with hashes, for every platform.
LOCK := $(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header
lock: $(VENV)/.done
	$(LOCK) --group pyproject.toml:dev pyproject.toml -o .ci/requirements.txt
	$(LOCK) --group pyproject.toml:demo pyproject.toml -c .ci/requirements.txt -o .ci/requirements-demo.txt
	$(LOCK) --group pyproject.toml:clients -o .ci/requirements-clients.txt
	$(LOCK) --group pyproject.toml:fuzz pyproject.toml -c .ci/requirements.txt -o .ci/requirements-fuzz.txt

clean:
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.done: pyproject.toml .ci/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The same exact versions, run-time part and the AWS CLI only: a demo that starts in seconds.
$(DEMO)/.done: pyproject.toml .ci/requirements-demo.txt
	@echo "making a virtual environment for the demo (once)"
	@$(PYTHON) -m venv $(DEMO)
	@$(DEMO)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements-demo.txt
	@$(DEMO)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The fuzzer has a virtual environment of its own: it is large, and there is none for every Python.
$(FUZZ)/.done: pyproject.toml .ci/requirements-fuzz.txt
	$(PYTHON) -m venv $(FUZZ)
	$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements-fuzz.txt
	$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# An IAM evaluator written elsewhere, apart from ours, since it pins an older botocore.
.cache/ministack/.done: tests/policy/ministack-requirements.txt
	$(PYTHON) -m venv .cache/ministack
	.cache/ministack/bin/python -m pip install --quiet --disable-pip-version-check -r tests/policy/ministack-requirements.txt
	@touch $@

# An AWS Organizations written elsewhere, apart from ours as well.
.cache/moto/.done: tests/sources/moto-requirements.txt
	$(PYTHON) -m venv .cache/moto
	.cache/moto/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/sources/moto-requirements.txt
	@touch $@

# The AWS clients that a renewing process is tried with: the SDK for JavaScript, the library of Terraform's S3 backend.
.cache/clients/.done: .ci/requirements-clients.txt tests/clients/build.sh $(wildcard tests/clients/*/*)
	$(PYTHON) -m venv .cache/clients/venv
	.cache/clients/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements-clients.txt
	sh tests/clients/build.sh .cache/clients
	@touch $@

# A peer to measure against, apart from ours, since it pins what it likes.
.cache/awsume/.done: tests/benchmarks/awsume-requirements.txt
	$(PYTHON) -m venv .cache/awsume
	.cache/awsume/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/benchmarks/awsume-requirements.txt
	@touch $@

# What the end-to-end tests drive: real shells, a real keyring, a real terminal. Debian only; elsewhere install them by hand.
.cache/system-packages: .ci/system-packages
	sh .ci/system-packages
	@mkdir -p .cache && touch $@
