#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: fuzz.sh TIME [PACKAGE]...
#
# Runs each fuzz target of the packages, or of all, for TIME. Little of it goes to
# making inputs smaller, which could take all of it where they are archives.
set -euo pipefail
cd "$(dirname "$0")/.."
time=$1
shift
packages=("$@")
if [[ ${#packages[@]} -eq 0 ]]; then
	mapfile -t packages < <(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r -n1 dirname | sort -u)
fi

status=0
for package in "${packages[@]}"; do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "== $package $target"
		if ! go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x "$package"; then
			status=1
		fi
	done
done
exit $status
