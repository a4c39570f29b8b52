#!/usr/bin/env bash
# What must pass in a cluster before a change lands; LAB is the tool that has one, or KUBECONFIG leads to one.
# A test of the cluster that is skipped fails. One that fails is named and tried again, twice at most: a node may lose a packet.
# The official suite is tried once more as a whole.
# What was said along the way stays in build/.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
committed=docs/conformance/report.yaml
report=build/conformance-report.yaml

step() { echo "== $(date +%T) $*" >&2; }

again() { # CMD...: once more where it fails, as where a download does
  "$@" || { step "once more: $*"; "$@"; }
}

cluster_tests() { # NAME MARKS
  local results=build/$1.xml
  step "the tests of the cluster: $2"
  if ! make test-cluster PYTEST_OPTIONS="-m '$2' -vv --durations=20 --junit-xml=$results"; then
    step "once more: those that failed"
    again make test-cluster PYTEST_OPTIONS="-m '$2' -vv --last-failed --last-failed-no-failures=none"
  fi
  .venv/bin/python hack/none_skipped.py "$results"
}

conformance() {
  ${LAB:+"$LAB"} ${LAB:+exec} kubectl delete namespace --ignore-not-found --timeout=5m \
    gateway-conformance-infra gateway-conformance-app-backend gateway-conformance-web-backend
  rm -f "$report"
  local passed=yes
  make conformance REPORT="$report" >build/conformance.log 2>&1 || passed=
  if [ ! "$passed" ]; then
    grep -E '^ *--- FAIL|^panic' build/conformance.log || tail -n 100 build/conformance.log
  fi >&2
  [ "$passed" ] && .venv/bin/python hack/conformance_counts.py "$committed" "$report"
}

if [ -n "${LAB:-}" ]; then
  step "the cluster"
  again "$LAB" up
  again "$LAB" gateway-api 1.7.0 experimental
fi
step "the image"
again make image
make install
cluster_tests cluster-tests "cluster and not outage"
step "the official suite"
again conformance
cluster_tests outage-tests "cluster and outage" # the last, for parts of the cluster may not survive them
step "done"
