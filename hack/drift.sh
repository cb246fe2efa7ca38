#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Fails if the generated code is not what `go generate` writes. It works on a
# copy: the tree itself is not changed.
set -euo pipefail
hack=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$hack/copy-tree.sh" "$tmp/a"
cp -a "$tmp/a" "$tmp/b"
(cd "$tmp/b" && go generate ./...)
if ! (cd "$tmp" && diff -ru a b); then
	echo "drift: run make generate, and commit what it changes" >&2
	exit 1
fi
