// SPDX-License-Identifier: MIT

// Package volume makes file systems of a limited size, on which what a sandbox
// writes can be kept: a full one answers ENOSPC, to whoever writes and through
// whichever descriptor.
//
// A volume is an ext4 file system in a sparse image file, on a loop device. It
// is mounted, but nowhere: its mounts are detached (fsmount(2)) and held by
// descriptors only. However the process ends, the kernel unmounts the volume,
// whole, and frees the device; the image stays and can be opened again.
//
// The file system is larger than the limit. The rest is taken by a file beside
// what the sandbox sees, whose blocks are reserved and never written: making
// that one smaller or larger changes the limit.
package volume
