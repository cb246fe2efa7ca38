// SPDX-License-Identifier: MIT

package fsguard

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// walker resolves a path as path_resolution(7) says, against the sandbox's
// root. What it has passed is canonical at every step. Where it leads is no more than
// a proposal: whoever acts on it opens it anew, through no symlink.
type walker struct {
	c      *call // nil: on behalf of the owner; /proc then leads nowhere
	a      *Attachment
	at     string   // canonical, absolute; "/" is ""
	todo   []string // components still to go, the next one last
	links  int
	floor  string // with a resolve flag of openat2(2): not above this
	scoped uint64 // RESOLVE_BENEATH or RESOLVE_IN_ROOT
	end    string // see place
	kept   bool   // what it is at is open, as dir
	dir    int
	// symlink says that it has ended at one.
	symlink bool
}

// walk resolves a path of the process. The last component may be missing.
func (c *call) walk(dirfd int, path string, follow bool) (place, unix.Errno) {
	w := walker{c: c, a: c.a}
	if !strings.HasPrefix(path, "/") {
		base, ok := c.base(dirfd)
		if !ok {
			return place{}, unix.ENOENT
		}
		w.at = strings.TrimRight(base, "/")
	}
	return w.run(path, follow)
}

// run resolves a path from where the walker is. It is EINTR once it is over.
func (w *walker) run(path string, follow bool) (place, unix.Errno) {
	defer w.drop()
	w.push(path)
	w.end = ending(path)
	// A trailing slash asks for a directory, and so follows a symlink.
	follow = follow || w.end != ""
	for n := 1; len(w.todo) > 0; n++ {
		if n%askEvery == 0 && w.over() {
			return place{}, unix.EINTR
		}
		last := len(w.todo) - 1
		name := w.todo[last]
		w.todo = w.todo[:last]
		if errno := w.step(name, follow || last > 0); errno != 0 {
			return place{}, errno
		}
	}
	rel, inside := w.a.beneath("/" + strings.TrimLeft(w.at, "/"))
	return place{inside, rel, w.end, w.symlink}, 0
}

// over reports whether nobody waits for what the walker finds.
func (w *walker) over() bool {
	if w.c == nil {
		return w.a.closed.Load()
	}
	return w.c.over()
}

// push puts the components of a path before those still to go.
func (w *walker) push(path string) {
	parts := strings.Split(path, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] != "" {
			w.todo = append(w.todo, parts[i])
		}
	}
}

func (w *walker) step(name string, follow bool) unix.Errno {
	if inProc(w.at) {
		if w.c == nil {
			return unix.EXDEV // the owner has no business with processes
		}
		if w.at == "/proc" && (name == "self" || name == "thread-self") {
			name = w.c.innerPID()
		}
		w.c.w.looking.Store(true)
		defer w.c.w.looking.Store(false)
	}
	switch name {
	case ".":
		return w.search()
	case "..":
		return w.up()
	}
	next := w.at + "/" + name
	if len(next) > unix.PathMax {
		return unix.ENAMETOOLONG
	}
	fd, err := w.open(name)
	if err == unix.ENOENT && len(w.todo) == 0 {
		w.jump(next)
		return 0
	}
	if err != nil {
		return err.(unix.Errno)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return err.(unix.Errno)
	}
	symlink := st.Mode&unix.S_IFMT == unix.S_IFLNK
	if !symlink || !follow {
		w.symlink = symlink
		w.enter(fd, next)
		return 0
	}
	defer unix.Close(fd)
	return w.link(fd, next)
}

func inProc(path string) bool { return path == "/proc" || strings.HasPrefix(path, "/proc/") }

// open opens a name in what the walker is at, as a path.
func (w *walker) open(name string) (int, error) {
	dir := w.dir
	if !w.kept {
		dir, name = w.a.root, strings.TrimLeft(w.at+"/"+name, "/")
	}
	return unix.Openat2(dir, name, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
}

// enter takes over the descriptor of what the walker goes on to, and keeps it for the
// next step: from the root, each would cost as much as all those before it. Nothing of a
// process is kept.
func (w *walker) enter(fd int, path string) {
	w.jump(path)
	if inProc(path) {
		unix.Close(fd)
		return
	}
	w.dir, w.kept = fd, true
}

// jump puts the walker at a path that the next step opens from the root.
func (w *walker) jump(path string) {
	w.drop()
	w.at = path
}

func (w *walker) drop() {
	if w.kept {
		unix.Close(w.dir)
		w.kept = false
	}
}

// search reports whether what the walker is at is a directory that may be
// searched, as both dots and all names in it ask for.
func (w *walker) search() unix.Errno {
	fd, err := w.open(".")
	if err != nil {
		return err.(unix.Errno)
	}
	unix.Close(fd)
	return 0
}

func (w *walker) up() unix.Errno {
	if errno := w.search(); errno != 0 {
		return errno
	}
	if w.scoped != 0 && w.at == w.floor {
		if w.scoped == unix.RESOLVE_BENEATH {
			return unix.EXDEV
		}
		return 0
	}
	if w.at == "" {
		return 0
	}
	w.jump(w.at[:strings.LastIndexByte(w.at, '/')])
	return 0
}

// link follows a symlink.
func (w *walker) link(fd int, path string) unix.Errno {
	if w.links++; w.links > maxLinks {
		return unix.ELOOP
	}
	if strings.HasPrefix(path, "/proc/") {
		return w.magic(path)
	}
	var buf [unix.PathMax]byte
	n, err := unix.Readlinkat(fd, "", buf[:])
	if err != nil {
		return err.(unix.Errno)
	}
	target := string(buf[:n])
	if target == "" {
		return unix.ENOENT
	}
	if target[0] == '/' {
		switch w.scoped {
		case unix.RESOLVE_BENEATH:
			return unix.EXDEV
		case unix.RESOLVE_IN_ROOT:
			w.jump(w.floor)
		default:
			w.jump("")
		}
	}
	if end := ending(target); len(w.todo) == 0 && w.end == "" {
		w.end = end // what it asks for, the path asks for
	}
	w.push(target)
	return 0
}

// magic follows a link of /proc, if it is one of the calling process's own:
// those of others ask for a right that the guard has and the process may not.
func (w *walker) magic(path string) unix.Errno {
	if w.c == nil || w.scoped != 0 {
		return unix.EXDEV
	}
	rest, ok := strings.CutPrefix(path, "/proc/"+w.c.innerPID()+"/")
	if !ok {
		return unix.EXDEV
	}
	if rest != "cwd" && rest != "root" && rest != "exe" && !strings.HasPrefix(rest, "fd/") {
		return unix.EXDEV
	}
	if len(w.todo) == 0 && w.c.native(rest) {
		return unix.EXDEV // a file that the guard opened: the kernel opens it again
	}
	target, ok := w.c.readlink(rest)
	if !ok {
		return unix.EXDEV
	}
	w.jump(strings.TrimRight(target, "/"))
	return 0
}

// native reports whether a file of the process is one of the writable mount.
func (c *call) native(name string) bool {
	var st unix.Statx_t
	err := c.statProc(name, unix.STATX_MNT_ID, &st)
	return err == nil && st.Mnt_id == c.a.workID
}

// innerPID is the PID of the process as it knows it.
func (c *call) innerPID() string {
	f := strings.Fields(c.status("NStgid"))
	if len(f) == 0 {
		return "0"
	}
	return f[len(f)-1]
}

// leader is the host's PID of the process that the calling thread is of.
func (c *call) leader() int {
	pid, err := strconv.Atoi(c.status("Tgid"))
	if err != nil {
		return -1
	}
	return pid
}
