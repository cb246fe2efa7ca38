// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fileCalls work on an open file at a place in it, and look at whole trees.
var fileCalls = map[string]call{
	"close": func(p *prober, o *op, _ spot) (string, error) {
		fd := p.fd(o.FD)
		delete(p.files, o.FD)
		return "", unix.Close(fd)
	},
	"readn": func(p *prober, o *op, _ spot) (string, error) {
		buf := make([]byte, o.Size)
		n, err := unix.Read(p.fd(o.FD), buf)
		return strconv.QuoteToASCII(string(buf[:max(n, 0)])), err
	},
	// pread and pwrite take the place in the file from Mode.
	"pread": func(p *prober, o *op, _ spot) (string, error) {
		buf := make([]byte, o.Size)
		n, err := unix.Pread(p.fd(o.FD), buf, int64(o.Mode))
		return strconv.QuoteToASCII(string(buf[:max(n, 0)])), err
	},
	"pwrite": func(p *prober, o *op, _ spot) (string, error) {
		n, err := unix.Pwrite(p.fd(o.FD), []byte(o.To), int64(o.Mode))
		return strconv.Itoa(n), err
	},
	"lseek": func(p *prober, o *op, _ spot) (string, error) {
		at, err := unix.Seek(p.fd(o.FD), o.Size, int(o.Mode))
		return strconv.FormatInt(at, 10), err
	},
	"tree": func(p *prober, o *op, at spot) (string, error) {
		var lines []string
		err := listTree(at.path, "", &lines)
		return strings.Join(lines, "\n"), err
	},
}

// listTree shows a directory and all that is beneath it, a line for each name.
func listTree(dir, path string, lines *[]string) error {
	shown, err := stat(spot{dir: unix.AT_FDCWD, path: dir}, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return err
	}
	*lines = append(*lines, path+"/: "+shown+userAttributes(dir))
	entries, err := os.ReadDir(dir)
	if err != nil {
		*lines = append(*lines, path+"/: "+failed(err).Errno)
		return nil
	}
	for _, e := range entries { // sorted
		if path == "" && dir+"/"+e.Name() == Workspace+probePath {
			continue
		}
		showEntry(dir+"/"+e.Name(), path+"/"+e.Name(), e.IsDir(), lines)
	}
	return nil
}

func showEntry(name, path string, isDir bool, lines *[]string) {
	var err error
	if isDir {
		if err = listTree(name, path, lines); err != nil {
			*lines = append(*lines, path+": "+failed(err).Errno)
		}
		return
	}
	shown, err := stat(spot{dir: unix.AT_FDCWD, path: name}, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		shown = failed(err).Errno
	} else if target, err := os.Readlink(name); err == nil {
		shown += " -> " + target
	} else if !strings.HasPrefix(shown, "file") { // opening a FIFO would wait
	} else if data, err := os.ReadFile(name); err != nil {
		shown += " " + failed(err).Errno + userAttributes(name)
	} else {
		shown += " " + strconv.QuoteToASCII(string(data)) + userAttributes(name)
	}
	*lines = append(*lines, path+": "+shown)
}

// userAttributes are the names of a file's extended attributes of the user.
func userAttributes(name string) string {
	buf := make([]byte, 4096)
	n, _ := unix.Listxattr(name, buf)
	names := strings.FieldsFunc(string(buf[:max(n, 0)]), func(r rune) bool { return r == 0 })
	slices.Sort(names)
	s := ""
	for _, n := range names {
		if strings.HasPrefix(n, "user.") {
			s += " " + n
		}
	}
	return s
}
