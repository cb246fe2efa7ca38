// SPDX-License-Identifier: MIT

package fsguardtest

// Constructors that keep the tables short. Numbers are those of Linux.

const (
	rdonly = 0
	wronly = 1
	rdwr   = 2
	acc3   = 3
)

func do(call, path string) op { return op{Call: call, Path: text(path)} }

func open(path string, flags int) op {
	return op{Call: "open", Path: text(path), Flags: flags, Mode: 0o666}
}

func openAs(as, path string, flags int) op {
	o := open(path, flags)
	o.As = as
	return o
}

func on(call, fd string) op { return op{Call: call, FD: fd} }

func two(call, from, to string) op { return op{Call: call, Path: text(from), To: text(to)} }

func (o op) to(s string) op                 { o.To = text(s); return o }
func (o op) flags(f int) op                 { o.Flags = f; return o }
func (o op) mode(m uint32) op               { o.Mode = m; return o }
func (o op) size(n int64) op                { o.Size = n; return o }
func (o op) name(s string) op               { o.Name = text(s); return o }
func (o op) in(s string) op                 { o.Dir = s; return o }
func (o op) plain() op                      { o.Plain = true; return o }
func (o op) resolve(flags uint64) op        { o.Resolve = flags; return o }
func mkdir(path string) op                  { return do("mkdir", path).mode(0o777) }
func put(path, content string) op           { return do("put", path).to(content) }
func cat(path string) op                    { return do("cat", path) }
func mayAccess(path string, mode uint32) op { return do("access", path).mode(mode) }
