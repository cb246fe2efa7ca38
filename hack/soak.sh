#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: soak.sh TIME
#
# Compares sandboxes with the model of their rules (docs/oracle.md), on cases that
# nobody has tried, and goes on with the races of docs/bypass-ledger.md, for a time such
# as 1h: natively and by bubblewrap, and in containers if DOCKER_HOST names an engine.
# Then 10,000 sandboxes are made and removed, however long that takes. It ends at the
# first failure.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $1 =~ ^([0-9]+)([smh])$ ]] || { echo "usage: soak.sh TIME, such as 30s, 10m or 1h" >&2; exit 2; }
case ${BASH_REMATCH[2]} in
s) unit=1 ;;
m) unit=60 ;;
h) unit=3600 ;;
esac
time=$((BASH_REMATCH[1] * unit))
kinds=4 races=30 # the rows with a race, by how often and for which part each is run
[[ -z ${DOCKER_HOST:-} ]] || kinds=9 races=50
export SANDBOX_ORACLE_TIME=$((time * 3 / 4 / kinds))s SANDBOX_SOAK=$((time / 4 / races + 1))s

# One kind of sandbox, and one race, after the other.
soak() { go test -count=1 -timeout=0 -parallel=1 -v -run "$@"; }
soak '^TestGuardAcceptance$/./^(Oracle|Posix)$' .
soak '^TestLedger' . ./runtime/native ./runtime/bwrap
if [[ -n ${DOCKER_HOST:-} ]]; then
	soak '^TestGuardAcceptance$/././^(Oracle|Posix)$' ./runtime/docker
	soak '^TestLedger$' ./runtime/docker
fi
SANDBOX_LOAD=full soak . ./internal/load
