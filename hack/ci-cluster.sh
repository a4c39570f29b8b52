#!/usr/bin/env bash
# What must pass in a cluster before a change lands; LAB is the tool that has one, or KUBECONFIG leads to one.
# A test of the cluster that is skipped fails.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -n "${LAB:-}" ]; then
  "$LAB" up
  "$LAB" gateway-api 1.7.0 experimental
fi
make image
make install
results=$(mktemp)
trap 'rm -f "$results"' EXIT
make test-cluster PYTEST_OPTIONS="--junit-xml=$results"
.venv/bin/python hack/none_skipped.py "$results"
# A failed test is judged by the report: none may fail that passed before.
report=build/conformance-report.yaml
rm -f "$report"
make conformance REPORT="$report" || echo "the suite did not pass as a whole" >&2
.venv/bin/python hack/conformance_counts.py docs/conformance/report.yaml "$report"
