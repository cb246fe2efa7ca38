// SPDX-License-Identifier: MIT

package oracle

import "strconv"

// MaxData bounds the files of a case.
const MaxData = 1 << 16

func (w *world) cat(o *Op) (string, errno) {
	p := &w.procs[o.Proc]
	old, had := p.files["cat"]
	at := *o
	at.As, at.Flag = "cat", 0
	_, err := w.open(&at)
	if err != "" {
		return "", err
	}
	f := p.files["cat"]
	if delete(p.files, "cat"); had {
		p.files["cat"] = old
	}
	if f.n.kind == Dir {
		return "", "EISDIR"
	}
	return quote(f.n, f.n.data), ""
}

func quote(n *node, data []byte) string {
	if n.hollow {
		return Unknown
	}
	return strconv.QuoteToASCII(string(data))
}

// readn reads Size bytes from where the file is, pread from Mode on.
func (w *world) readn(o *Op) (string, errno) {
	f, err := w.file(o)
	if err != "" {
		return "", err
	}
	if f.at < 0 {
		return Unknown, "" // EISDIR, or EINVAL past the last offset that there can be
	}
	part, err := f.slice(f.at, o.Size)
	if err != "" {
		return "", err
	}
	f.at += int64(len(part))
	return quote(f.n, part), ""
}

func (w *world) pread(o *Op) (string, errno) {
	f, err := w.file(o)
	if err != "" {
		return "", err
	}
	part, err := f.slice(int64(o.Mode), o.Size)
	return quote(f.n, part), err
}

func (f *file) slice(from, size int64) ([]byte, errno) {
	switch {
	case !f.read:
		return nil, "EBADF"
	case f.n.kind == Dir:
		return nil, "EISDIR"
	}
	end := int64(len(f.n.data))
	return f.n.data[min(from, end):min(from+size, end)], ""
}

// write appends To, or puts it where the file is; pwrite puts it at Mode, and
// appends as well where the file was opened so (BUGS of pwrite(2)).
func (w *world) write(o *Op) (string, errno) {
	f, err := w.file(o)
	if err != "" {
		return "", err
	}
	end, err := f.put(f.at, o.To)
	if err != "" {
		return "", err
	}
	f.at = end
	return strconv.Itoa(len(o.To)), ""
}

func (w *world) pwrite(o *Op) (string, errno) {
	f, err := w.file(o)
	if err != "" {
		return "", err
	}
	if _, err := f.put(int64(o.Mode), o.To); err != "" {
		return "", err
	}
	return strconv.Itoa(len(o.To)), ""
}

func (f *file) put(at int64, data string) (int64, errno) {
	if !f.write {
		return 0, "EBADF"
	}
	if f.append {
		at = int64(len(f.n.data))
	}
	end := at + int64(len(data))
	f.n.resize(max(end, f.n.length()))
	copy(f.n.data[at:], data)
	f.n.touched()
	return end, ""
}

func (n *node) resize(size int64) {
	have := int64(len(n.data))
	if size <= have {
		n.data = n.data[:size:size]
		return
	}
	n.data = append(n.data[:have:have], make([]byte, size-have)...)
}

// lseek moves by Size: Mode 0 from the start, 1 from where it is, 2 from the end.
func (w *world) lseek(o *Op) (string, errno) {
	f, err := w.file(o)
	if err != "" {
		return "", err
	}
	if f.n.kind == Dir {
		f.at = -1
		return Unknown, ""
	}
	at := o.Size + [3]int64{0, f.at, f.n.length()}[o.Mode%3]
	if at < 0 {
		return "", "EINVAL"
	}
	f.at = at
	return strconv.FormatInt(at, 10), ""
}

func (w *world) ftruncate(o *Op) (string, errno) {
	if o.Size < 0 {
		return "", "EINVAL"
	}
	f, err := w.file(o)
	if err != "" {
		return "", err
	}
	if f.n.kind != File || !f.write {
		return "", "EINVAL"
	}
	f.n.resize(o.Size)
	f.n.touched()
	return "", ""
}

func (w *world) truncate(o *Op) (string, errno) {
	if o.Size < 0 {
		return "", "EINVAL"
	}
	e, err := w.find(o, o.Path, true)
	switch {
	case err != "":
		return "", err
	case e.isDir():
		return "", "EISDIR"
	case e.node.kind != File:
		return "", "EINVAL"
	case !w.mayChange(e) && !e.node.may(MayWrite):
		return "", "EACCES|EROFS" // kernels look at the one or the other first
	case !w.mayChange(e):
		return "", "EROFS"
	case !e.node.may(MayWrite):
		return "", "EACCES"
	}
	e.node.resize(o.Size)
	e.node.touched()
	return "", ""
}
