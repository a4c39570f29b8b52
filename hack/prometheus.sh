#!/usr/bin/env bash
# Build promtool, and prometheus with --server, which check and try the rules and dashboards, once into a cache; print where.
# Without what finds targets in clouds: that is most of what there is to build.
set -euo pipefail
cd "$(dirname "$0")/prometheus"
version=$(sed -n 's|.*github.com/prometheus/prometheus v\([0-9.]*\).*|\1|p' go.mod)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/gatehouse/prometheus-$version
programs=(promtool)
if [ "${1:-}" = --server ]; then programs+=(prometheus); fi
mkdir -p "$folder"
for program in "${programs[@]}"; do
  if [ ! -x "$folder/$program" ]; then
    GOTOOLCHAIN=${GOTOOLCHAIN:-go1.27.3} go build -trimpath -tags remove_all_sd -o "$folder/$program.new" \
      "github.com/prometheus/prometheus/cmd/$program"
    mv "$folder/$program.new" "$folder/$program"
  fi
done
echo "$folder"
