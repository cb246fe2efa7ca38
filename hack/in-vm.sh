#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: in-vm.sh PROGRAM [ARGUMENT]...
#
# Runs a static program on a kernel that has cgroups of version 2 only, in a
# virtual machine, as in `CGO_ENABLED=0 go test -exec hack/in-vm.sh`. The
# machine is emulated, so that it needs no KVM, and no root; the program sees a
# Debian kernel, busybox, and nothing else of this machine. Its output and exit
# code are passed through.
#
# VM_UID is the user that the program runs as, 0 by default. Another one has a
# cgroup that was delegated to it, as by systemd's Delegate=yes. VM_SECONDS is
# how long it may take. The kernel is kept in VM_CACHE.
set -euo pipefail
uid=${VM_UID:-0}
seconds=${VM_SECONDS:-600}
cache=${VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sandbox-vm}

fail() {
	echo "in-vm: $*" >&2
	exit 1
}

newest() { apt-cache depends linux-image-6.12-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }'; }

# kernel downloads Debian's kernel for clouds, unpacks it, and prints where.
kernel() {
	local package work
	package=$(newest)
	if [[ -z $package && $(id -u) -eq 0 ]]; then
		apt-get update -qq >&2
		package=$(newest)
	fi
	[[ -n $package ]] || fail "apt does not know linux-image-6.12-cloud-amd64: run apt-get update, on Debian 12"
	if [[ ! -d $cache/$package ]]; then
		mkdir -p "$cache"
		work=$(mktemp -d "$cache/new.XXXXXX")
		(cd "$work" && apt-get download "$package" && dpkg-deb -x ./*.deb . && rm ./*.deb) >"$work/log" 2>&1 || {
			cat "$work/log" >&2
			rm -rf "$work"
			fail "cannot download $package"
		}
		chmod 755 "$work"
		mv -T "$work" "$cache/$package" 2>/dev/null || rm -rf "$work" # another was quicker
	fi
	echo "$cache/$package"
}

# archive packs a directory as the kernel wants it.
archive() { (cd "$1" && find . | busybox cpio -o -H newc 2>/dev/null); }

program=$1
shift
tree=$(kernel)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

root=$work/root
mkdir -p "$root"/{bin,proc,sys,dev,new}
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$program" "$root/program"
xz -dc "$tree"/lib/modules/*/kernel/fs/overlayfs/overlay.ko.xz >"$root/overlay.ko"
printf '%s\n' "$@" >"$root/arguments"
for name in SANDBOX_REQUIRE SANDBOX_TEST_DELEGATED; do
	if [[ -n ${!name-} ]]; then
		printf 'export %s=%q\n' "$name" "${!name}"
	fi
done >"$root/environment"
echo "VM_UID=$uid" >>"$root/environment"

# The first process. What the kernel unpacks cannot be left by pivot_root(2), so
# that everything moves to a file system that can.
cat >"$root/init" <<'EOF'
#!/bin/busybox sh
/bin/busybox mount -t tmpfs -o size=75% tmpfs /new
/bin/busybox mkdir -p /new/usr/bin /new/usr/sbin /new/proc /new/sys /new/dev /new/tmp /new/etc /new/root /new/home
cd /new
/bin/busybox cp /bin/busybox usr/bin/busybox
/bin/busybox ln -s usr/bin bin
/bin/busybox ln -s usr/sbin sbin
for name in $(/bin/busybox --list); do
	[ -e usr/bin/$name ] || /bin/busybox ln -s busybox usr/bin/$name
done
/bin/busybox mv /program /arguments /environment /overlay.ko /second .
exec /bin/busybox switch_root /new /second
EOF
cat >"$root/second" <<'EOF'
#!/bin/sh
export PATH=/usr/bin HOME=/root TMPDIR=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
chmod 1777 /tmp /dev/shm
insmod /overlay.ko
. /environment
printf 'root:x:0:0::/root:/bin/sh\nuser:x:%s:%s::/tmp:/bin/sh\n' "$VM_UID" "$VM_UID" >/etc/passwd
set --
while IFS= read -r argument; do set -- "$@" "$argument"; done </arguments
chmod 755 /program
cd /tmp
echo "in-vm: begin"
if [ "$VM_UID" = 0 ]; then
	/program "$@"
else
	own=/sys/fs/cgroup/user.slice
	mkdir $own
	echo "+memory +pids +cpu" >/sys/fs/cgroup/cgroup.subtree_control
	chown "$VM_UID" $own $own/cgroup.procs $own/cgroup.subtree_control $own/cgroup.threads
	sh -c 'echo $$ >'$own'/cgroup.procs; exec su -s /bin/sh user -c "exec \"\$0\" \"\$@\"" -- /program "$@"' sh "$@"
fi
echo "in-vm: exit $?"
reboot -f
EOF
chmod 755 "$root/init" "$root/second"
archive "$root" >"$work/initrd"

timeout "$seconds" qemu-system-x86_64 -machine microvm,acpi=off -accel tcg,thread=multi -cpu max -m 1024 -smp 2 \
	-nodefaults -no-user-config -display none -serial stdio -no-reboot \
	-kernel "$(echo "$tree"/boot/vmlinuz-*)" -initrd "$work/initrd" \
	-append "console=ttyS0 panic=-1 reboot=t quiet loglevel=1" </dev/null 2>&1 |
	tr -d '\r' | tee "$work/console" | sed -un '/^in-vm: begin$/,/^in-vm: exit/ { /^in-vm: /!p }' || true

code=$(sed -n 's/^in-vm: exit \([0-9]*\)$/\1/p' "$work/console")
if [[ -z $code ]]; then
	cat "$work/console" >&2
	fail "the machine ended, or was ended after $seconds s, before the program did"
fi
exit "$code"
