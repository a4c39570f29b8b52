#!/usr/bin/env bash
# Run the Gateway API's conformance suite against the cluster of KUBECONFIG, or that of LAB.
#   REPORT    where the report goes: build/conformance-report.yaml
#   PROFILES  all of Gateways: GATEWAY-HTTP,GATEWAY-GRPC,GATEWAY-TLS,GATEWAY-TCP,GATEWAY-UDP
#   USABLE_ADDRESS, UNUSABLE_ADDRESS   for Gateways that ask for an address; without the first that test cannot pass
#   ONLY      the name of one test, to look at it alone
set -euo pipefail
cd "$(dirname "$0")/.."
report=$(realpath -m "${REPORT:-build/conformance-report.yaml}")
mkdir -p "$(dirname "$report")"
program=$PWD/build/conformance.test

# Built outside of the cluster's network, which may lead nowhere else.
GOTOOLCHAIN=${GOTOOLCHAIN:-go1.27.3} go -C tests/conformance test -c -o "$program" .

inside=()
usable=${USABLE_ADDRESS:-}
if [ -n "${LAB:-}" ]; then
  "$LAB" conformance-images 1.7.0
  inside=("$LAB" exec)
  usable=${usable:-172.31.254.240}
fi
options=(
  -gateway-class "${GATEWAY_CLASS:-gatehouse}"
  -conformance-profiles "${PROFILES:-GATEWAY-HTTP,GATEWAY-GRPC,GATEWAY-TLS,GATEWAY-TCP,GATEWAY-UDP}"
  -report-output "$report"
  -organization gatehouse -project gatehouse -url https://gatehouse.dev -contact maintainers@gatehouse.dev
  -version "$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)"
  -unusable-address "${UNUSABLE_ADDRESS:-192.0.2.1}"
)
if [ -n "$usable" ]; then options+=(-usable-address "$usable"); fi
if [ -n "${ONLY:-}" ]; then options+=(-run-test "$ONLY"); fi
"${inside[@]}" "$program" -test.v -test.timeout 60m "${options[@]}"
