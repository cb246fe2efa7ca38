#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: copy-tree.sh DEST
#
# Copies the module's files, tracked or not yet, to the directory DEST, which
# it makes. What git ignores stays behind.
set -euo pipefail
dest=$1
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$dest"
cd "$root"

list() {
	# The clone may belong to somebody else.
	if git -c safe.directory='*' rev-parse --show-toplevel >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files -z --cached --others --exclude-standard
	else
		find . -name .git -prune -o -type f -print0
	fi
}

present() {
	while IFS= read -r -d '' path; do
		if [[ -e $path || -L $path ]]; then
			printf '%s\0' "$path"
		fi
	done
}

list | present | tar -c --null --no-recursion -T - | tar -x -C "$dest" --no-same-owner
