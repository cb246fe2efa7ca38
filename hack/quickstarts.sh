#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: quickstarts.sh DIR PYTHON
#
# Runs the quick starts of the README as they are, in the empty directory DIR, by a
# sandboxd on its default port. PYTHON has the package sdk/python. Root gives them
# a network of their own, where that port is free.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$1 python=$2

if [[ $(id -u) -eq 0 && -z ${QUICKSTARTS_INSIDE:-} ]]; then
	mkdir -p "$dir/bin"
	CGO_ENABLED=0 go build -o "$dir/bin" ./cmd/...
	export QUICKSTARTS_INSIDE=1
	exec unshare --net bash -c 'ip link set lo up && exec "$@"' - "$0" "$@"
fi

mkdir -p "$dir/my-project"
echo 'print("hello from the project")' >"$dir/my-project/main.py"
echo 'KEY=do-not-show' >"$dir/my-project/.env"
export PATH=$dir/bin:$PATH

sandboxd --state-dir "$dir/state" --log-level warn >"$dir/sandboxd.out" &
server=$!
trap 'kill $server; wait $server || true' EXIT
until grep -q listening "$dir/sandboxd.out"; do
	kill -0 $server
	sleep 0.1
done

# The blocks after "<!-- quickstart LANGUAGE -->", each in a file of its own.
awk -v dir="$dir" '
	/^<!-- quickstart / { kind = $3; next }
	kind && /^```/ { if (file) { close(file); file = ""; kind = "" } else { file = sprintf("%s/%d.%s", dir, ++n, kind) } next }
	file { print > file }' README.md

found=0
for block in "$dir"/*.{go,sh,python}; do
	echo "== $(basename "$block")"
	found=$((found + 1))
	case $block in
	*.go) go build -o "$dir/program" "$block" && (cd "$dir" && ./program >out 2>&1) ;;
	*.sh) (cd "$dir" && bash -euo pipefail "$block" >out 2>&1) ;;
	*.python) (cd "$dir" && "$python" "$block" >out 2>&1) ;;
	esac || { cat "$dir/out"; exit 1; }
	cat "$dir/out"
	grep -q 'hello from the project' "$dir/out"
	if grep -q 'do-not-show' "$dir/out"; then
		echo "quickstarts: a secret was shown" >&2
		exit 1
	fi
done
[[ $found -eq 4 ]]
