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

# written is the input that failed, of what an attempt has said.
written() { sed -n 's/.*Failing input written to //p' <<<"$1" | tail -n 1; }

# excused tells whether an attempt failed by no fault of the target's. Before Go 1.27
# one does now and then because its time is up, without an input (go.dev/issue/75804).
# And a worker is killed that has one input for 10 s, in which a busy machine may not
# let it run: that is none which does well on its own, ten times within a minute.
excused() {
	local package=$1 target=$2 said=$3 input
	input=$(written "$said")
	if [[ -z $input ]]; then
		grep -qx ' *context deadline exceeded' <<<"$said"
		return
	fi
	[[ $said == *'fuzzing process hung or terminated unexpectedly'* ]] || return
	go test -count 10 -timeout 60s -run "^$target\$/^${input##*/}\$" "$package" >/dev/null 2>&1 || return
	rm "$package/$input"
}

# one runs a target, and says in one go what became of it. One that is excused gets
# its time once more.
one() {
	local package=$1 target=$2 status=0 said input
	said=$(attempt "$package" "$target") || status=1
	if [[ $status -ne 0 ]] && excused "$package" "$target" "$said"; then
		status=0
		said=$(attempt "$package" "$target") || status=1
	fi
	input=$(written "$said")
	said=$(grep -v '^fuzz: elapsed: .*, execs:' <<<"$said"; grep '^fuzz: elapsed: .*, execs:' <<<"$said" | tail -n 1) || true
	if [[ -n $input ]]; then
		said+=$'\n'"$input:"$'\n'$(head -c 8192 "$package/$input")
	fi
	printf '== %s %s\n%s\n' "$package" "$target" "$said"
	return "$status"
}
export -f attempt written excused one

for package in "${packages[@]}"; do
	go test -list '^Fuzz' "$package" | sed -n "s|^Fuzz|$package &|p"
done | xargs -P "${FUZZ_AT_ONCE:-2}" -L 1 bash -c 'one "$@"' one
