#!/usr/bin/env bash
# Build the image and put it where it is wanted, Envoy's too.
#   IMAGE   its name, gatehouse:dev
#   LAB     a tool that builds for a cluster of its own: `LAB image-build IMAGE DOCKERFILE CONTEXT`, `LAB image-from IMAGE PROGRAM`
#   KIND    the name of a kind cluster that gets both images
# Without LAB and KIND the image stays with docker or podman.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${IMAGE:-gatehouse:dev}
envoy_image=${ENVOY_IMAGE:-docker.io/envoyproxy/envoy:distroless-v1.40.0}

full() { # the name under which Kubernetes looks for an image that names no registry
  case $1 in
    *.*/*|localhost/*|*:*/*) echo "$1" ;;
    */*) echo "docker.io/$1" ;;
    *) echo "docker.io/library/$1" ;;
  esac
}

if [ -n "${LAB:-}" ]; then
  "$LAB" image-build "$(full "$image")" deploy/Dockerfile .
  envoy=$(.venv/bin/python -c 'import envoy, pathlib; print(pathlib.Path(envoy.__path__[0], "_bin", "envoy"))')
  "$LAB" image-from "$envoy_image" "$envoy"
  exit
fi

engine=$(hack/engine.sh)
"$engine" build --tag "$image" --file deploy/Dockerfile .
if [ -z "${KIND:-}" ]; then exit; fi

save() { # IMAGE ARCHIVE: of this platform alone, for a node asks for all platforms that the archive speaks of
  if [ "$engine" = docker ]; then
    local platform
    platform=$("$engine" image inspect --format '{{.Os}}/{{.Architecture}}' "$1")
    "$engine" save --platform "$platform" --output "$2" "$1" 2>/dev/null && return
  fi
  "$engine" save --output "$2" "$1"
}

"$engine" image inspect "$envoy_image" >/dev/null 2>&1 || "$engine" pull "$envoy_image"
"$engine" tag "$image" "$(full "$image")" # podman's own name for it begins with localhost/
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for it in "$(full "$image")" "$envoy_image"; do
  save "$it" "$folder/image.tar"
  kind load image-archive "$folder/image.tar" --name "$KIND"
  rm -f "$folder/image.tar"
done
