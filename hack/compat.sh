#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs clients that others have published, the releases of sandbox-rls on PyPI,
# unmodified against sandboxd: every method of theirs, with threads and asyncio.
# Each release has a virtual environment of its own, which is kept.
set -euo pipefail
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
server=
trap '[[ -z $server ]] || { kill $server; wait $server; } 2>/dev/null; rm -rf "$tmp"' EXIT

environment() {
	local venv
	venv=${XDG_CACHE_HOME:-$HOME/.cache}/sandbox-compat/$({ python3 -VV && cat "$1"; } | sha256sum | cut -c1-16)
	if [[ ! -e $venv/ready ]]; then
		rm -rf "$venv"
		python3 -m venv "$venv"
		"$venv/bin/pip" install -q --disable-pip-version-check -r "$1" >&2
		touch "$venv/ready"
	fi
	echo "$venv/bin/python"
}

CGO_ENABLED=0 go build -o "$tmp" ./cmd/sandboxd ./cmd/sandbox-init
"$tmp/sandboxd" --listen 127.0.0.1:0 --state-dir "$tmp/state" --log-level error >"$tmp/out" &
server=$!
until grep -q '^listening on ' "$tmp/out"; do
	kill -0 $server
	sleep 0.1
done
SANDBOX_ENDPOINT=$(sed -n 's/^listening on //p' "$tmp/out")
export SANDBOX_ENDPOINT

for release in 0.1.0 0.2.0; do
	echo "== sandbox-rls $release"
	"$(environment hack/compat/$release.txt)" -I -m pytest -q -p no:cacheprovider --rootdir hack/compat hack/compat
done
