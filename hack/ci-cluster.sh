#!/usr/bin/env bash
# What must pass in a cluster before a change lands; LAB is the tool that has one, or KUBECONFIG leads to one.
# A test of the cluster that is skipped fails.
set -euo pipefail
cd "$(dirname "$0")/.."
lab=${LAB:-}
export COMPOSE COMPOSE_EXEC
if [ -n "$lab" ]; then
  "$lab" up
  "$lab" gateway-api 1.7.0 experimental
  "$lab" compose version
  COMPOSE="$lab compose" COMPOSE_EXEC="$lab compose-exec"
fi
make image
make install
results=$(mktemp)
trap 'rm -f "$results"' EXIT
make test-cluster PYTEST_OPTIONS="--junit-xml=$results"
.venv/bin/python hack/none_skipped.py "$results"
committed=docs/conformance/gatehouse-0.1.0.yaml
make conformance REPORT=build/conformance-report.yaml
.venv/bin/python hack/conformance_counts.py "$committed" build/conformance-report.yaml
