// SPDX-License-Identifier: MIT

package fsguardtest

import "golang.org/x/sys/unix"

// exercises are what can be done to a file.
var exercises = []func(x *exerciser) error{
	readWriter, readReader, overwrite, overwrite, appendTail, mapped, mappedRead, shorten, shortenByPath,
	allocate, allocateQuietly, punch, zero, copyRange, sendAway, synced, again, moved,
}

func readWriter(x *exerciser) error {
	from, size := x.span(false)
	return x.check(x.fd, from, from+size)
}

func readReader(x *exerciser) error {
	from, size := x.span(false)
	return x.check(x.reader, from, from+size)
}

func overwrite(x *exerciser) error {
	from, size := x.span(true)
	data := x.data(size)
	n, err := unix.Pwrite(x.fd, data, int64(from))
	if n > 0 {
		x.put(from, data[:n])
	}
	return err
}

func appendTail(x *exerciser) error {
	data := x.data(min(x.IntN(200), fsxMax-len(x.want)))
	n, err := unix.Write(x.tail, data)
	x.put(len(x.want), data[:max(n, 0)])
	return err
}

// mapping maps the pages of a part of the file, and gives the part.
func (x *exerciser) mapping(fd, prot int, work func(part []byte, from int) error) error {
	from, size := x.span(false)
	if size == 0 {
		return nil
	}
	start := from &^ (unix.Getpagesize() - 1)
	m, err := unix.Mmap(fd, int64(start), from+size-start, prot, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	if err := work(m[from-start:], from); err != nil {
		return err
	}
	return unix.Munmap(m)
}

func mapped(x *exerciser) error {
	return x.mapping(x.fd, unix.PROT_READ|unix.PROT_WRITE, func(part []byte, from int) error {
		data := x.data(len(part))
		copy(part, data)
		x.put(from, data)
		return nil
	})
}

func mappedRead(x *exerciser) error {
	fd := x.fd
	if x.IntN(2) == 0 {
		fd = x.reader
	}
	return x.mapping(fd, unix.PROT_READ, func(part []byte, from int) error { return x.same(part, from, from+len(part)) })
}

func shorten(x *exerciser) error {
	size := x.IntN(fsxMax)
	x.resize(size)
	return unix.Ftruncate(x.fd, int64(size))
}

func shortenByPath(x *exerciser) error {
	size := x.IntN(fsxMax)
	x.resize(size)
	return unix.Truncate(x.path, int64(size))
}

func allocate(x *exerciser) error {
	from, size := x.span(true)
	if size == 0 {
		return nil
	}
	err := unix.Fallocate(x.fd, 0, int64(from), int64(size))
	if err == nil {
		x.resize(max(len(x.want), from+size))
	}
	return err
}

func allocateQuietly(x *exerciser) error {
	from, size := x.span(true)
	return unix.Fallocate(x.fd, unix.FALLOC_FL_KEEP_SIZE, int64(from), int64(size+1))
}

func punch(x *exerciser) error { return x.clear(unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE) }

func zero(x *exerciser) error { return x.clear(unix.FALLOC_FL_ZERO_RANGE | unix.FALLOC_FL_KEEP_SIZE) }

func (x *exerciser) clear(mode uint32) error {
	from, size := x.span(false)
	if size == 0 {
		return nil
	}
	err := unix.Fallocate(x.fd, mode, int64(from), int64(size))
	if err == nil {
		clear(x.want[from : from+size])
	}
	return err
}

// copyRange copies to another place in the same file.
func copyRange(x *exerciser) error {
	from, size := x.span(false)
	to, _ := x.span(true)
	size = min(size, fsxMax-to)
	if size == 0 || to < from+size && from < to+size {
		return nil
	}
	in, out := int64(from), int64(to)
	n, err := unix.CopyFileRange(x.fd, &in, x.fd, &out, size, 0)
	if n > 0 {
		x.put(to, append([]byte(nil), x.want[from:from+n]...))
	}
	return err
}

// sendAway sends a part to another file, and looks at that.
func sendAway(x *exerciser) error {
	from, size := x.span(false)
	if err := unix.Ftruncate(x.scratch, 0); err != nil {
		return err
	}
	if _, err := unix.Seek(x.scratch, 0, unix.SEEK_SET); err != nil {
		return err
	}
	at := int64(from)
	n, err := unix.Sendfile(x.scratch, x.reader, &at, size)
	if err != nil {
		return err
	}
	got := make([]byte, n)
	if _, err := unix.Pread(x.scratch, got, 0); err != nil {
		return err
	}
	return x.same(got, from, from+n)
}

// synced waits for the disk, now and then.
func synced(x *exerciser) error {
	if x.IntN(200) > 0 {
		return nil
	}
	return unix.Fdatasync(x.fd)
}

// again opens the file anew, now and then.
func again(x *exerciser) error {
	if x.IntN(8) > 0 {
		return nil
	}
	return x.open()
}

// moved gives the file another name while it is open, and its own again.
func moved(x *exerciser) error {
	if x.IntN(8) > 0 {
		return nil
	}
	if err := unix.Rename(x.path, x.path+".moved"); err != nil {
		return err
	}
	return unix.Rename(x.path+".moved", x.path)
}
