#!/usr/bin/env bash
# Print docker or podman, whichever answers here.
set -euo pipefail
for engine in docker podman; do
  if command -v "$engine" >/dev/null && "$engine" info >/dev/null 2>&1; then
    echo "$engine"
    exit
  fi
done
echo "neither docker nor podman answers" >&2
exit 1
