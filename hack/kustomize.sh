#!/usr/bin/env bash
# Print what deploy/kustomize/gatehouse.yaml holds: the chart with its default values, our own definitions included.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "# Written by \`make manifests\` from deploy/helm/gatehouse."
helm template gatehouse deploy/helm/gatehouse --namespace gatehouse-system --include-crds --kube-version 1.31.0 | sed '/helm.sh\/chart/d; s/managed-by: Helm/managed-by: kustomize/'
