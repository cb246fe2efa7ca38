#!/bin/sh
# SPDX-License-Identifier: MIT
# An engine of its own for the tests, and the images that they need.
#
#   docker.sh start DIR   start dockerd with all that is its own in DIR, and load
#                         the images; prints the value for DOCKER_HOST
#   docker.sh images      load the images into the engine of DOCKER_HOST
#   docker.sh stop DIR    end it, and remove DIR
#
# No registry is asked for anything. The images are made of the static busybox of
# this machine, and of Debian packages by debootstrap, once: the archives are kept
# in ${XDG_CACHE_HOME:-~/.cache}/sandbox-test.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sandbox-test
release=bookworm
revision=2 # of what archive makes of it
packages=python3,python3-pip,python3-pytest,python3-setuptools,python3-wheel

# busybox_root DIR [APPLET...]: a root of busybox, with all its applets or with these alone.
busybox_root() {
	root=$1
	shift
	mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/root" "$root/proc" "$root/sys" "$root/dev" "$root/home/user"
	chmod 1777 "$root/tmp"
	chown 1000:1000 "$root/home/user"
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' >"$root/etc/group"
	cp "$(command -v busybox)" "$root/bin/busybox"
	[ $# -gt 0 ] || set -- $("$root/bin/busybox" --list)
	for applet; do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
}

# archive NAME: the archive of a root, from the cache or made now.
archive() {
	file=$cache/$1-$2.tar
	[ -e "$file" ] && return
	mkdir -p "$cache"
	work=$(mktemp -d)
	case $1 in
	busybox) busybox_root "$work/root" ;;
	bare) busybox_root "$work/root" true cat env ;; # no shell
	debian)
		debootstrap --variant=minbase --include="$packages" $release "$work/root" >"$work/log" 2>&1 || {
			tail -n 20 "$work/log" >&2
			exit 1
		}
		# As in the images of python.
		rm -rf "$work"/root/usr/lib/python3*/EXTERNALLY-MANAGED "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
		ln -s /usr/bin/python3 "$work/root/usr/local/bin/python"
		ln -s /usr/bin/pytest-3 "$work/root/usr/local/bin/pytest"
		chroot "$work/root" useradd --create-home --uid 1000 user
		;;
	esac
	tar -C "$work/root" --one-file-system -cf "$file.$$" .
	mv "$file.$$" "$file"
	rm -rf "$work"
}

load() {
	docker image inspect "$3" >/dev/null 2>&1 && return
	archive "$1" "$2"
	docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
		--change 'ENV LANG=C.UTF-8' --change 'ENTRYPOINT ["/bin/false"]' --change 'WORKDIR /tmp' \
		"$cache/$1-$2.tar" "$3" >/dev/null
}

images() {
	version=$(busybox | sed -n '1s/^BusyBox v\([^ ]*\).*/\1/p')
	load busybox "$version" sandbox-test/busybox
	load bare "$version" sandbox-test/bare
	load debian "$release-$revision-$(printf %s "$packages" | cksum | cut -d' ' -f1)" sandbox-test/debian
	# What the examples name.
	docker image inspect python:3.11-slim >/dev/null 2>&1 || docker tag sandbox-test/debian python:3.11-slim
}

start() {
	dir=$1
	mkdir -p "$dir"
	DOCKER_HOST=unix://$dir/docker.sock
	export DOCKER_HOST
	# Told to have no bridge, it would delete that of the engine that this machine has.
	bridge=--bridge=none
	[ ! -e /proc/sys/net/ipv4/conf/docker0 ] || bridge=
	setsid dockerd --data-root "$dir/lib" --exec-root "$dir/exec" -H "$DOCKER_HOST" --pidfile "$dir/docker.pid" \
		--iptables=false --ip6tables=false --ip-forward=false --ip-masq=false $bridge >"$dir/log" 2>&1 </dev/null &
	for _ in $(seq 1200); do
		docker version >/dev/null 2>&1 && break
		sleep 0.1
	done
	docker version >/dev/null || {
		tail -n 20 "$dir/log" >&2
		exit 1
	}
	images >&2
	echo "$DOCKER_HOST"
}

stop() {
	dir=$1
	pid=$(cat "$dir/docker.pid" 2>/dev/null) || pid=
	if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then
		for _ in $(seq 1200); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
	fi
	# dockerd leaves some mounts of network namespaces.
	awk -v d="$dir/" 'index($5, d) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r m; do umount -l "$m"; done
	rm -rf --one-file-system "$dir"
}

case ${1:-} in
start | stop) "$1" "${2:?a directory}" ;;
images) images ;;
*)
	sed -n '3,9s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
