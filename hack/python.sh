#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Tests sdk/python: formatting, lint and types, the suite with each supported
# version of Python that is here, and the quick starts of the README.
# Virtual environments are kept for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."
sdk=$PWD/sdk/python
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# interpreter VERSION: the program, if it is here.
interpreter() {
	local program
	for program in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python "python3"; do
		if [[ $("$program" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) == "$1" ]]; then
			echo "$program"
			return
		fi
	done
	return 1
}

# environment PROGRAM: a virtual environment with the package as a user has it,
# and what its tests need.
environment() {
	local venv
	venv=${XDG_CACHE_HOME:-$HOME/.cache}/sandbox-python/$({ "$1" -VV && cat "$sdk/pyproject.toml"; } | sha256sum | cut -c1-16)
	if [[ ! -e $venv/ready ]]; then
		rm -rf "$venv"
		"$1" -m venv "$venv"
		"$venv/bin/pip" install -q --disable-pip-version-check "$sdk[dev]" >&2
		touch "$venv/ready"
	fi
	"$venv/bin/pip" install -q --disable-pip-version-check --no-deps --force-reinstall "$sdk" >&2
	echo "$venv/bin"
}

CGO_ENABLED=0 go build -o "$tmp" ./cmd/sandboxd ./cmd/sandbox-init
export SANDBOXD=$tmp/sandboxd

main=$(environment python3)
cd "$sdk"
code=(. ../../examples/agent/python)
"$main/ruff" format --check --config pyproject.toml "${code[@]}"
"$main/ruff" check --config pyproject.toml "${code[@]}"
"$main/mypy"
"$main/mypy" ../../examples/agent/python
for version in 3.10 3.11 3.12 3.13; do
	program=$(interpreter $version) || continue
	echo "== Python $version"
	"$(environment "$program")/python" -m pytest -p no:cacheprovider "$@"
done

cd ../..
hack/quickstarts.sh "$tmp/quickstarts" "$main/python" >"$tmp/quickstarts.out" 2>&1 || { cat "$tmp/quickstarts.out"; exit 1; }
