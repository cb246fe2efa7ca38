#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: fuzz.sh TIME [PACKAGE]...
#
# Runs each fuzz target of the packages, or of all, for TIME: FUZZ_AT_ONCE (2) of
# them at a time, each with one worker, and what one says stays together. Little of
# the time goes to making inputs smaller, which could take all of it where they are
# archives. An input that fails is shown, since the clone of a CI is gone afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
export FUZZTIME=$1
shift
packages=("$@")
if [[ ${#packages[@]} -eq 0 ]]; then
	mapfile -t packages < <(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r -n1 dirname | sort -u)
fi

# attempt fuzzes a target.
attempt() {
	go test -run '^$' -fuzz "^$2\$" -fuzztime "$FUZZTIME" -parallel 1 -fuzzminimizetime 100x "$1" 2>&1
}

# one runs a target, and says in one go what became of it. Before Go 1.27 a target
# fails now and then because its time is up, without an input (go.dev/issue/75804):
# it gets its time once more.
one() {
	local package=$1 target=$2 status=0 said input
	said=$(attempt "$package" "$target") || status=1
	if [[ $status -ne 0 && $said != *'Failing input'* ]] && grep -qx ' *context deadline exceeded' <<<"$said"; then
		status=0
		said=$(attempt "$package" "$target") || status=1
	fi
	input=$(sed -n 's/.*Failing input written to //p' <<<"$said" | tail -n 1)
	said=$(grep -v '^fuzz: elapsed: .*, execs:' <<<"$said"; grep '^fuzz: elapsed: .*, execs:' <<<"$said" | tail -n 1) || true
	if [[ -n $input ]]; then
		said+=$'\n'"$input:"$'\n'$(head -c 8192 "$package/$input")
	fi
	printf '== %s %s\n%s\n' "$package" "$target" "$said"
	return "$status"
}
export -f attempt one

for package in "${packages[@]}"; do
	go test -list '^Fuzz' "$package" | sed -n "s|^Fuzz|$package &|p"
done | xargs -P "${FUZZ_AT_ONCE:-2}" -L 1 bash -c 'one "$@"' one
