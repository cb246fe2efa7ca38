#!/bin/bash
# SPDX-License-Identifier: MIT
#
# All checks, and the whole suite: as root and as an unprivileged user when it
# is started by root, else once. The suite comes last, so that the output ends
# with what go test says of each package.
set -uo pipefail
cd "$(dirname "$0")/.."
hack=$PWD/hack
read -ra flags <<<"${TESTFLAGS:--count=1 -timeout=10m}"

# A test that this machine lacks something for fails instead of being skipped.
export SANDBOX_REQUIRE=${SANDBOX_REQUIRE-all}

failed=()
step() {
	local name=$1 began=$SECONDS
	shift
	echo "=== $name"
	if ! "$@"; then
		failed+=("$name")
		echo "=== $name: FAILED"
	fi
	echo "=== $name: $((SECONDS - began)) s"
}

# A place that the unprivileged user can enter, wherever the clone is: the
# module itself, and what the go command needs there.
base=$(mktemp -d /tmp/sandbox-test.XXXXXX) || exit 1
trap '[[ ! -d $base/docker ]] || "$hack/docker.sh" stop "$base/docker"; chmod -R u+w "$base"; rm -rf "$base"' EXIT
export TEST_BASE=$base TEST_UID=${TEST_UID:-54321}

prepare_user() {
	chmod 755 "$base" &&
		"$hack/copy-tree.sh" "$base/src" &&
		chmod -R a+rX "$base/src" &&
		mkdir "$base/cache" &&
		build_programs &&
		fill_module_cache &&
		copy_go &&
		chown -R "$TEST_UID:$TEST_UID" "$base/src" "$base/cache"
}

# build_programs builds what the tests of the server run, for which the user's own
# cache has nothing yet.
build_programs() {
	CGO_ENABLED=0 go build -buildvcs=false -o "$base/programs/" ./cmd/sandboxd ./cmd/sandbox-init &&
		chmod -R a+rX "$base/programs"
}

# fill_module_cache takes the module's dependencies from root's own cache,
# which the user cannot read.
fill_module_cache() {
	local from
	go mod download && from=$(go env GOMODCACHE) &&
		(cd "$base/src" && GOMODCACHE=$base/mod GOPROXY=file://$from/cache/download GOFLAGS=-modcacherw GOSUMDB=off go mod download) &&
		chmod -R a+rX "$base/mod"
}

# copy_go copies the Go distribution if the user cannot run it where it is.
copy_go() {
	local goroot
	goroot=$(go env GOROOT)
	setpriv --reuid "$TEST_UID" --regid "$TEST_UID" --clear-groups test -x "$goroot/bin/go" ||
		cp -a "$goroot" "$base/go"
}

cross_builds() {
	GOOS=linux GOARCH=arm64 go build ./... && GOOS=darwin GOARCH=arm64 go build ./...
}

examples() {
	local name
	for name in quickstart review agent; do
		go run "./examples/$name" >"$base/$name.out" || { cat "$base/$name.out"; return 1; }
	done
}

examples_as_user() {
	local name
	for name in quickstart review agent; do
		(cd "$base/src" && go run -exec "$hack/as-user.sh" "./examples/$name") || return
	done
}

# A module of somebody else's, which has nothing but the import.
downstream() { (cd examples/downstream && go mod tidy -diff && go vet ./... && go test "${flags[@]}" ./...); }

downstream_as_user() { (cd "$base/src/examples/downstream" && go test "${flags[@]}" -exec "$hack/as-user.sh" ./...); }

# The race detector makes the program slow, and each sandbox's init with it: of
# the API's tests it runs those that are about concurrency, and the attacks on the
# guard for a moment each.
race() (
	export GORACE=atexit_sleep_ms=0
	go test -race "${flags[@]}" ./fsguard/... ./internal/... ./server/... &&
		go test -race "${flags[@]}" -run 'Concurrent|ReadFile|WriteFile' . &&
		SANDBOX_SOAK=100ms go test -race "${flags[@]}" -run 'TestLedger$' ./runtime/native
)

# Many sandboxes at once and one after the other. As the user, and among all other
# tests, there are few.
load() { SANDBOX_LOAD=full go test "${flags[@]}" -v ./internal/load; }

# Limits by cgroups of version 2: as root, and as a user whose cgroup was
# delegated to it.
limits_in_vm() {
	local uid
	for uid in 0 1000; do
		in_vm "$uid" ./internal/cgroup &&
			in_vm "$uid" -run TestRuntime/Limits -skip TestRuntime/Limits/many ./runtime/native || return
	done
}

in_vm() {
	local uid=$1
	shift
	VM_UID=$uid SANDBOX_TEST_DELEGATED=${uid#0} CGO_ENABLED=0 GOARCH=amd64 go test "${flags[@]}" -exec "$hack/in-vm.sh" "$@"
}

# An engine for the runtime docker, unless DOCKER_HOST names one that is to be used.
start_engine() {
	if [[ -n ${DOCKER_HOST:-} ]]; then
		"$hack/docker.sh" images
		return
	fi
	DOCKER_HOST=$("$hack/docker.sh" start "$base/docker") && export DOCKER_HOST
}

# All but the runtime docker: the engine mounts containers, and other tests see to
# it that nothing of theirs stays mounted.
suite() { go list ./... | grep -v '/runtime/docker$' | xargs go test "${flags[@]}"; }

suite_of_docker() { go test "${flags[@]}" ./runtime/docker; }

suite_as_user() { (cd "$base/src" && SANDBOXD_TEST_PROGRAMS=$base/programs go test "${flags[@]}" -exec "$hack/as-user.sh" ./...); }

# Without the engine that root starts, the SDK's examples of containers are skipped.
python_sdk() { SANDBOX_REQUIRE=${DOCKER_HOST:+$SANDBOX_REQUIRE} "$hack/python.sh"; }

step "build" go build ./...
step "cross builds" cross_builds
step "generated code" "$hack/drift.sh"
step "examples" examples
step "downstream module" downstream
step "fuzz" "$hack/fuzz.sh" "${FUZZTIME:-60s}"
step "race detector" race
step "limits in a virtual machine" limits_in_vm
if [[ $(id -u) -eq 0 ]]; then
	step "preparing the unprivileged user" prepare_user
	step "examples as user $TEST_UID" examples_as_user
	step "downstream module as user $TEST_UID" downstream_as_user
	step "suite as user $TEST_UID" suite_as_user
	step "many sandboxes" load
fi
step "suite as user $(id -u)" suite
if [[ $(id -u) -eq 0 ]]; then
	step "starting a Docker engine" start_engine
	step "suite in containers" suite_of_docker
fi
step "python sdk" python_sdk
step "clients of others" "$hack/compat.sh"

if [[ ${#failed[@]} -gt 0 ]]; then
	printf 'FAIL: %s\n' "${failed[@]}" >&2
	exit 1
fi
