# An Tín. `make demo` runs the main job; `make test` passes the tests. Each sets up what it needs.
SHELL := /bin/bash
BIN := .venv/bin
WORKERS ?= 2
.PHONY: demo cluster setup-cluster fuzz test test-long lint bench bench-readme serve lock clean setup-run setup-test setup-bench

setup-run:
	@tools/setup.sh run

setup-test:
	@tools/setup.sh test

setup-bench:
	@tools/setup.sh bench

demo: setup-run
	@$(BIN)/antin demo $(if $(ONCE),--once)

setup-cluster:
	@tools/setup.sh cluster

# PostgreSQL, a SeaweedFS cluster, two of each of the service's processes; 1,000 documents; one of each kind killed.
cluster: setup-cluster
	@$(BIN)/python -m tests.cluster $(if $(DOCUMENTS),--documents $(DOCUMENTS))

serve: setup-run
	@$(BIN)/antin serve

lint: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not long"

test-long: setup-bench
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "long"

# Mutated files in real workers for SECONDS; with TARGET=cms (or all) that parser, guided by coverage.
fuzz: setup-test
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(if $(TARGET),--target $(TARGET)) $(if $(SEED),--seed $(SEED))

bench: setup-bench
	@$(BIN)/python -m benchmarks

# The figures and the picture of the last whole run go into the README.
bench-readme: setup-test
	@$(BIN)/python -m benchmarks.readme
	@$(BIN)/python -m benchmarks.scale

lock: setup-test
	tools/lock.sh

clean:
	rm -rf .venv demo-out demo-data bench-out fuzz-out
