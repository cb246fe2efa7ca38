#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: bench.sh [-quick] [-only=REGEXP] [-dir=DIR]
#
# Measures everything: containers and the server by programs of their own, since
# what they import makes the inits of native sandboxes slower. Without -only it writes
# the page with all of it, docs/benchmarks.md and docs/plots; with -quick, a copy of
# the page that is thrown away. An engine is started unless DOCKER_HOST names one.
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=0

flags=("$@")
bench() { go run "$@" "${flags[@]}"; }

for flag in "${flags[@]}"; do
	case $flag in
	-*only*docker*) bench -tags docker ./internal/bench; exit ;;
	-*only*server*) bench -tags server ./internal/bench; exit ;;
	-*only*) bench ./internal/bench; exit ;;
	esac
done

work=$(mktemp -d)
trap '[[ ! -d $work/docker ]] || hack/docker.sh stop "$work/docker"; rm -rf "$work"' EXIT
if [[ -z ${DOCKER_HOST:-} && $(id -u) -eq 0 ]] && command -v dockerd >/dev/null; then
	DOCKER_HOST=$(hack/docker.sh start "$work/docker") && export DOCKER_HOST || echo "bench: no Docker engine: containers are left out" >&2
fi

out=docs/benchmarks.md
for flag in "${flags[@]}"; do
	if [[ $flag == -quick || $flag == --quick ]]; then
		out=$work/page/benchmarks.md
		mkdir "$work/page"
		cp docs/benchmarks.md "$out"
	fi
done
bench -tags docker ./internal/bench -only='^docker$' -save="$work/docker.json"
bench -tags server ./internal/bench -only='^server$' -save="$work/server.json"
bench ./internal/bench -out="$out" -add="$work/docker.json" -add="$work/server.json"
if [[ $out == "$work"* ]]; then
	grep -q '^### In containers' "$out" && grep -q '^### By a server' "$out" && ls -l "$work/page/plots"
	echo "bench: all parts work"
fi
