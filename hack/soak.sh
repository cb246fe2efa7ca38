#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: soak.sh TIME
#
# Compares sandboxes with the model of their rules (docs/oracle.md), on cases that
# nobody has tried, for a time such as 1h: natively and by bubblewrap, and in
# containers if DOCKER_HOST names an engine. It ends at the first difference.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ $1 =~ ^([0-9]+)([smh])$ ]] || { echo "usage: soak.sh TIME, such as 30s, 10m or 1h" >&2; exit 2; }
case ${BASH_REMATCH[2]} in
s) unit=1 ;;
m) unit=60 ;;
h) unit=3600 ;;
esac
kinds=4
[[ -z ${DOCKER_HOST:-} ]] || kinds=9
export SANDBOX_ORACLE_TIME=$((BASH_REMATCH[1] * unit / kinds))s

# One kind of sandbox after the other.
soak() { go test -count=1 -timeout=0 -parallel=1 -v -run "$@"; }
soak '^TestGuardAcceptance$/./^(Oracle|Posix)$' .
[[ -z ${DOCKER_HOST:-} ]] || soak '^TestGuardAcceptance$/././^(Oracle|Posix)$' ./runtime/docker
