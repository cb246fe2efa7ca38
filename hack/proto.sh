#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Writes what is generated from proto/ anew. The compilers come from Python
# packages, into virtual environments that are kept for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."

# environment prints the directory of the environment that has what a file asks for.
environment() {
	local venv
	venv=${XDG_CACHE_HOME:-$HOME/.cache}/sandbox-proto/$(sha256sum <"$1" | cut -c1-16)
	if [[ ! -e $venv/ready ]]; then
		rm -rf "$venv"
		python3 -m venv "$venv"
		"$venv/bin/pip" install -q --disable-pip-version-check -r "$1" >&2
		touch "$venv/ready"
	fi
	echo "$venv"
}

plugin() { go tool -modfile=tools.mod -n "$1"; }

venv=$(environment hack/proto-requirements.txt)
module=github.com/sandbox-rls/sandbox
rm -rf server/sandboxv1/*.pb.go server/sandboxv1/sandboxv1connect # doc.go is written by hand
mkdir -p server/sandboxv1
"$venv/bin/python" -m grpc_tools.protoc -Iproto \
	--plugin=protoc-gen-go="$(plugin protoc-gen-go)" --go_out=. --go_opt=module=$module \
	--plugin=protoc-gen-connect-go="$(plugin protoc-gen-connect-go)" --connect-go_out=. --connect-go_opt=module=$module,simple \
	proto/sandbox/v1/*.proto

# Python imports what it generates by the paths of the files: they are moved into
# the package. MethodInfo differs from one version of connectrpc to the other.
venv=$(environment hack/proto-python-requirements.txt)
out=sdk/python/sandbox_rls/_gen
rm -rf $out
mkdir -p $out
"$venv/bin/python" -m grpc_tools.protoc -Iproto \
	--python_out=$out --pyi_out=$out \
	--plugin=protoc-gen-connectrpc="$venv/bin/protoc-gen-connectrpc" --connectrpc_out=$out --connectrpc_opt=protobuf=google \
	proto/sandbox/v1/*.proto
touch $out/__init__.py $out/sandbox/__init__.py $out/sandbox/v1/__init__.py
sed -i -e 's/^from sandbox\.v1/from sandbox_rls._gen.sandbox.v1/' \
	-e 's/^from connectrpc\.method import/from sandbox_rls._method import/' $out/sandbox/v1/*
