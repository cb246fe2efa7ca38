// SPDX-License-Identifier: MIT

package volume

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// newLoop attaches an image to a free loop device (loop(4)), which the kernel
// frees when nothing has it open any more and nothing on it is mounted.
func newLoop(image string) (*os.File, error) {
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, unsupported("this machine has no loop devices", err)
	}
	defer control.Close()
	for {
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return nil, unsupported("no loop device can be had", err)
		}
		dev, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", n), os.O_RDWR, 0)
		if err != nil {
			return nil, unsupported("a loop device cannot be opened", err)
		}
		// Direct I/O keeps what is written out of the page cache of the file
		// system beneath; where that cannot do it, the kernel does without.
		config := unix.LoopConfig{Fd: uint32(f.Fd()), Size: blockSize}
		config.Info.Flags = unix.LO_FLAGS_AUTOCLEAR | unix.LO_FLAGS_DIRECT_IO
		err = unix.IoctlLoopConfigure(int(dev.Fd()), &config)
		if err == nil {
			return dev, nil
		}
		dev.Close()
		if err != unix.EBUSY { // another took it meanwhile
			return nil, unsupported("attaching "+image+" to a loop device", err)
		}
	}
}

func unsupported(what string, err error) error {
	return fmt.Errorf("%s: %w (%w)", what, err, errors.ErrUnsupported)
}

// mountLoop makes a detached mount of the file system on a device. Further ones
// show the same file system.
func mountLoop(dev *os.File) (*os.File, error) {
	fs, err := unix.Fsopen("ext4", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return nil, unsupported("ext4 cannot be mounted", err)
	}
	defer unix.Close(fs)
	if err := unix.FsconfigSetString(fs, "source", fmt.Sprintf("/proc/self/fd/%d", dev.Fd())); err != nil {
		return nil, err
	}
	// What is deleted is given back to the file system beneath, and tables
	// that nothing uses are not written.
	for _, option := range []string{"discard", "noinit_itable"} {
		if err := unix.FsconfigSetFlag(fs, option); err != nil {
			return nil, fmt.Errorf("ext4 does not know the option %s: %w", option, err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return nil, fmt.Errorf("mounting a volume: %w", err)
	}
	mnt, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
	if err != nil {
		return nil, unsupported("mounting a volume", err)
	}
	return os.NewFile(uintptr(mnt), "volume"), nil
}
