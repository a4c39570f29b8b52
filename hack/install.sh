#!/usr/bin/env bash
# Install the chart, or upgrade it, in the cluster of KUBECONFIG; ends once it is ready.
#   IMAGE      the image, gatehouse:dev
#   VALUES     files of values, separated by spaces or commas
#   RELEASE    name and namespace of the release: gatehouse, gatehouse-system
#   NAMESPACE
#   IMAGE_ID   restarts the control plane when it changes: for an image that is built anew under an old name; docker's or
#              podman's own if it is not given
set -euo pipefail
cd "$(dirname "$0")/.."
image=${IMAGE:-gatehouse:dev}
release=${RELEASE:-gatehouse}
namespace=${NAMESPACE:-gatehouse-system}
options=(--set-string "image.repository=${image%:*}" --set-string "image.tag=${image##*:}")
if [ -z "${IMAGE_ID+given}" ] && engine=$(hack/engine.sh 2>/dev/null); then
  IMAGE_ID=$("$engine" image inspect --format '{{.Id}}' "$image" 2>/dev/null || true)
fi
if [ -n "${IMAGE_ID:-}" ]; then
  options+=(--set-string "podAnnotations.gatehouse\.dev/image-id=$IMAGE_ID")
fi
values=${VALUES:-}
for file in ${values//,/ }; do
  options+=(--values "$file")
done
# helm installs definitions and never changes them.
kubectl apply --server-side --force-conflicts --filename deploy/crds >/dev/null
helm upgrade --install "$release" deploy/helm/gatehouse --namespace "$namespace" --create-namespace \
  "${options[@]}" --wait --timeout 3m
