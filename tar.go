// SPDX-License-Identifier: MIT

package sandbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/tarfile"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// writeTar writes what a policy lets be seen of a directory: of what can only be
// listed, a hole of its size. Special files, and those that cannot be read, are
// left out.
func writeTar(to io.Writer, t *tree.Tree, policy *fsguard.Policy) error {
	plan := fsguard.NewPlan(t, policy)
	root, err := os.OpenRoot(t.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	w := tarfile.NewWriter(to)
	for i := range t.Entries {
		e := &t.Entries[i]
		if e.Path == "/" || e.Special() || plan.Hides(e.Path) {
			continue
		}
		if err := writeEntry(w, root, e, policy.Level(e.Path) >= fsguard.Read); err != nil {
			return fmt.Errorf("uploading %q: %w", e.Path, err)
		}
	}
	return w.Close()
}

func writeEntry(w *tarfile.Writer, root *os.Root, e *tree.Entry, readable bool) error {
	name := strings.TrimPrefix(e.Path, "/")
	h := &tarfile.Header{Type: tarfile.File, Name: name, Mode: tree.Perm(e.Mode), ModTime: e.ModTime, Size: e.Size}
	switch {
	case e.Mode.IsDir():
		h.Type, h.Name, h.Size = tarfile.Directory, name+"/", 0
		return w.WriteHeader(h)
	case e.Mode&fs.ModeSymlink != 0:
		h.Type, h.Link, h.Size = tarfile.Symlink, e.Link, 0
		return w.WriteHeader(h)
	}
	if !readable {
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err := io.CopyN(w, zeros{}, e.Size)
		return err
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		return err
	}
	h.Size = fi.Size()
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	if _, err := io.CopyN(w, f, h.Size); err != nil {
		return err // it has become shorter: what was announced cannot be sent
	}
	return nil
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
