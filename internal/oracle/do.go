// SPDX-License-Identifier: MIT

package oracle

// calls decide what an operation comes to, by its name.
var calls = map[string]func(w *world, o *Op) (string, errno){
	"open": (*world).open, "close": (*world).close, "cat": (*world).cat,
	"readn": (*world).readn, "pread": (*world).pread, "write": (*world).write, "pwrite": (*world).pwrite,
	"lseek": (*world).lseek, "ftruncate": (*world).ftruncate, "truncate": (*world).truncate,
	"mkdir": (*world).mkdir, "rmdir": (*world).rmdir, "unlink": (*world).unlink, "mknod": (*world).mknod,
	"symlink": (*world).symlink, "link": (*world).link, "rename": (*world).rename, "renameat2": (*world).rename,
	"chmod": (*world).chmod, "fchmod": (*world).fchmod, "utimens": (*world).utimens, "futimens": (*world).futimens,
	"setxattr": (*world).setxattr, "fsetxattr": (*world).fsetxattr, "getxattr": (*world).getxattr, "removexattr": (*world).removexattr,
	"stat": (*world).stat, "lstat": (*world).lstat, "fstat": (*world).fstat, "mtime": (*world).mtime,
	"access": (*world).access, "readdir": (*world).readdir, "readlink": (*world).readlink, "statfs": (*world).statfs,
	"chdir": (*world).chdir, "fchdir": (*world).fchdir, "getcwd": (*world).getcwd, "umask": (*world).setUmask,
}

// Unknown is the result of what the model does not say: any will do.
const Unknown = "?"

// do performs an operation and renders its result as the probe does.
func (w *world) do(o *Op) string {
	f := calls[o.Call]
	if f == nil {
		return "no call " + o.Call
	}
	w.adrift = false
	saw, err := f(w, o)
	switch {
	case err != "":
		return string(err)
	case saw == "":
		return "ok"
	}
	return saw
}

func (w *world) file(o *Op) (*file, errno) {
	f := w.procs[o.Proc].files[o.FD]
	if f == nil || f.path {
		return nil, "EBADF"
	}
	return f, ""
}
