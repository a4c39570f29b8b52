# The commands of README.md and CONTRIBUTING.md. `make setup` alone leaves .venv/bin/gatehouse ready.
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.set-up

# In a cluster: `make image install conformance`. With LAB, a tool that has a cluster of its own, images go there and
# commands run inside its network.
IMAGE ?= gatehouse:dev
LAB ?=
override LAB := $(if $(findstring /,$(LAB)),$(abspath $(LAB)),$(LAB))
INSIDE := $(if $(LAB),$(LAB) exec)
NAMESPACE ?= gatehouse-system
RELEASE ?= gatehouse
export IMAGE LAB VALUES NAMESPACE RELEASE REPORT KIND

.PHONY: setup run test test-live lint bench bench-streams bench-shards screenshots explain-proof clean image install uninstall conformance test-cluster manifests protos

setup: $(SETUP)

$(SETUP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(SETUP)

run: setup
	$(BIN)/gatehouse up examples/quickstart

test: setup
	$(BIN)/pytest -n 2 --dist loadgroup -m "not live and not cluster"

test-live: setup
	$(BIN)/pytest -m "live and not cluster"

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m tests.bench.inside
	$(BIN)/python -m tests.bench.files

# In the cluster of KUBECONFIG, after `make image install`; docs/performance.md has options and what they take.
bench-cluster: setup
	$(INSIDE) $(BIN)/python -m tests.bench.cluster $(BENCH_OPTIONS)

bench-streams: setup
	$(BIN)/python -m tests.bench.streams

bench-shards: setup
	$(BIN)/python -m tests.bench.shards

image: $(if $(LAB),setup)
	hack/image.sh

install:
	$(INSIDE) hack/install.sh

# The definitions stay, and with them what users have written.
uninstall:
	$(INSIDE) helm uninstall $(RELEASE) --namespace $(NAMESPACE) --ignore-not-found --wait

conformance:
	hack/conformance.sh

test-cluster: export COMPOSE ?= $(if $(LAB),$(LAB) compose,docker compose)
test-cluster: export COMPOSE_EXEC ?= $(if $(LAB),$(LAB) compose-exec)
test-cluster: setup
	$(COMPOSE) version
	$(INSIDE) $(BIN)/pytest -m cluster $(PYTEST_OPTIONS)

# What follows from other files: the dashboards, the chart's copies of them, of the rules and of our definitions, and the
# kustomize base, which is the chart.
manifests: setup
	$(BIN)/python -m hack.dashboards
	mkdir -p deploy/helm/gatehouse/dashboards deploy/helm/gatehouse/rules
	cp deploy/dashboards/*.json deploy/helm/gatehouse/dashboards/
	cp deploy/rules/*.yaml deploy/helm/gatehouse/rules/
	cp deploy/crds/*.yaml deploy/helm/gatehouse/crds/
	$(INSIDE) hack/kustomize.sh > deploy/kustomize/gatehouse.yaml

# The messages of the debug endpoint; a test asks that they are those of the definition.
protos: setup
	$(BIN)/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. xds_server/debug/v1/debug.proto

# The pictures of docs/page.md. Look at them before they are committed.
screenshots: setup
	$(BIN)/python -m tests.page.screenshots

# Random requests over random worlds, put to a real Envoy and to `gatehouse explain`: both must be of one mind.
explain-proof: setup
	$(BIN)/python -m tests.explaining.proof --worlds 30 --requests 400

clean:
	rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
