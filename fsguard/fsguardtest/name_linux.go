// SPDX-License-Identifier: MIT

package fsguardtest

import "golang.org/x/sys/unix"

// nameCalls make, move and remove names. A second path, To, is taken as it is.
var nameCalls = map[string]call{
	"mkdir": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Mkdirat(at.dir, at.path, o.Mode)
	},
	"rmdir": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Unlinkat(at.dir, at.path, unix.AT_REMOVEDIR)
	},
	"unlink": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Unlinkat(at.dir, at.path, 0)
	},
	"rename": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Renameat(at.dir, at.path, unix.AT_FDCWD, p.to(o))
	},
	"renameat2": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Renameat2(at.dir, at.path, unix.AT_FDCWD, p.to(o), uint(o.Flags))
	},
	"link": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Linkat(at.dir, at.path, unix.AT_FDCWD, p.to(o), o.Flags)
	},
	"symlink": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Symlinkat(p.to(o), at.dir, at.path)
	},
	"mknod": func(p *prober, o *op, at spot) (string, error) {
		return "", unix.Mknodat(at.dir, at.path, o.Mode, int(o.Size))
	},
	"truncate": func(p *prober, o *op, at spot) (string, error) {
		if at.dir != unix.AT_FDCWD {
			at.path = p.expand(string(o.Path)) // there is no call with a directory
		}
		return "", unix.Truncate(at.path, o.Size)
	},
	"ftruncate": func(p *prober, o *op, _ spot) (string, error) {
		return "", unix.Ftruncate(p.fd(o.FD), o.Size)
	},
}

func (p *prober) to(o *op) string { return p.expand(string(o.To)) }
