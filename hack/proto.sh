#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Writes what is generated from proto/ anew. The compiler comes from a Python
# package, into a virtual environment that is kept for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."

want=$(sha256sum <hack/proto-requirements.txt | cut -c1-16)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/sandbox-proto/$want
if [[ ! -e $venv/ready ]]; then
	rm -rf "$venv"
	python3 -m venv "$venv"
	"$venv/bin/pip" install -q --disable-pip-version-check -r hack/proto-requirements.txt
	touch "$venv/ready"
fi

plugin() { go tool -modfile=tools.mod -n "$1"; }

module=github.com/sandbox-rls/sandbox
rm -rf server/sandboxv1
mkdir -p server/sandboxv1
"$venv/bin/python" -m grpc_tools.protoc -Iproto \
	--plugin=protoc-gen-go="$(plugin protoc-gen-go)" --go_out=. --go_opt=module=$module \
	--plugin=protoc-gen-connect-go="$(plugin protoc-gen-connect-go)" --connect-go_out=. --connect-go_opt=module=$module,simple \
	proto/sandbox/v1/*.proto
