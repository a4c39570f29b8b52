#!/usr/bin/env bash
# Build grpcurl and the tests' CSDS client with Go into a cache and print its folder; nothing where there is no Go, or
# no way to their modules. What was built once is not built again.
set -euo pipefail
cd "$(dirname "$0")/.."
GRPCURL=v1.9.4
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gatehouse/bin
if ! command -v go > /dev/null; then
  echo "no Go: the tests that ask the debug endpoint with grpcurl are skipped" >&2
  exit 0
fi
mkdir -p "$cache"
if ! [ -x "$cache/grpcurl" ] || [ "$("$cache/grpcurl" -version 2>&1)" != "grpcurl $GRPCURL" ]; then
  GOBIN=$cache go install -ldflags "-X main.version=$GRPCURL" "github.com/fullstorydev/grpcurl/cmd/grpcurl@$GRPCURL"
fi
sources=$(cat hack/csds/*.go hack/csds/go.* | sha256sum | cut -c 1-16)
if ! [ -x "$cache/csds-$sources" ]; then
  (cd hack/csds && go build -o "$cache/csds-$sources" .)
fi
ln -sf "csds-$sources" "$cache/csds"
echo "$cache"
