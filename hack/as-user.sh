#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: as-user.sh PROGRAM [ARGUMENT]...
#
# Runs a program as an unprivileged user, with a home and a temporary directory
# of that user's own, in the current directory. It is for root, as in
# `go test -exec hack/as-user.sh`: the program is copied to where the user can
# read it, since go builds it where only root can.
#
# TEST_BASE names a directory that the user can enter, for all that is needed;
# TEST_UID is the user's number, which need not be known to the system.
set -euo pipefail
uid=${TEST_UID:-54321}
base=${TEST_BASE:-/tmp}

home=$(mktemp -d "$base/u.XXXXXX")
# Something that the program has left may still write there, as the go command's
# telemetry does: what cannot be removed then is no failure of the program.
trap 'rm -rf "$home" 2>/dev/null || { sleep 1; rm -rf "$home" || true; }' EXIT
mkdir "$home/tmp" "$home/bin"
program=$home/bin/$(basename "$1")
cp "$1" "$program"
shift
chown -R "$uid:$uid" "$home"
chmod 755 "$home" "$home/bin" "$program"

unset XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME MAIL SUDO_USER SUDO_UID SUDO_GID SUDO_COMMAND
export HOME=$home TMPDIR=$home/tmp USER=tester LOGNAME=tester
if [[ -n ${TEST_BASE:-} ]]; then
	export GOMODCACHE=$base/mod GOCACHE=$base/cache GOPROXY=off GOTOOLCHAIN=local
	if [[ -d $base/go ]]; then
		export GOROOT=$base/go PATH=$base/go/bin:$PATH
	fi
fi
setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all -- "$program" "$@"
