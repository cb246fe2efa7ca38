#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Installs what the tests need and is missing (packages.txt). Only root can
# install; anybody else is told what to install.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v go >/dev/null; then
	echo "setup: go is not on the PATH; install Go $(awk '$1 == "go" { print $2 }' ../go.mod) or later" >&2
	exit 1
fi

missing=()
while read -r package check; do
	if [[ -z $package || $package == \#* ]]; then
		continue
	fi
	if ! bash -c "$check" >/dev/null 2>&1 </dev/null; then
		missing+=("$package")
	fi
done <packages.txt

if [[ ${#missing[@]} -eq 0 ]]; then
	exit 0
fi
if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
	echo "setup: missing: ${missing[*]}" >&2
	echo "setup: as root, on Debian or Ubuntu: apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
