// SPDX-License-Identifier: MIT

package commit

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Suffixes of the first home's staging directory, once nothing in it is needed
// any more.
const (
	suffixDone   = "-done"
	suffixUndone = "-undone"
)

// txn is a commit under way.
type txn struct {
	calls
	*buffers
	*outcome
	opts    *Options
	journal Journal
	id      string
	rec     record
	root    int
	nodes   []node
	dirs    []stagingDir // by home
	// contents are those of files that the caller has read.
	contents *Contents
	// linked are the files that more than one step is about: what one does to a name of
	// theirs changes the change time, as the others see it.
	linked map[uint64]bool
	// recovering says that any of the steps may have been done.
	recovering bool
}

// outcome is what came of the steps. Several goroutines may do them, those of one item one after
// the other.
type outcome struct {
	asked []bool   // by item: it is known that it may be written
	after []*Stamp // by item: what it left

	mu   sync.Mutex
	left []Item

	restored []Item // what Report calls that
}

func newOutcome(items int) *outcome {
	return &outcome{asked: make([]bool, items), after: make([]*Stamp, items)}
}

// stagingDir is the directory with the slots of one home; -1 is none.
type stagingDir struct{ home, fd int }

func (t *txn) close() {
	for _, d := range t.dirs {
		for _, fd := range []int{d.home, d.fd} {
			if fd >= 0 {
				unix.Close(fd)
			}
		}
	}
}

func (t *txn) stagingName() string { return stagingPrefix + t.id }

// put journals the state.
func (t *txn) put(s state) error {
	t.rec.State = s
	if err := t.journal.Put(t.id, t.rec.encode()); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// openHomes opens the homes, and the staging directories that are there.
func (t *txn) openHomes() error {
	for _, h := range t.rec.Homes {
		d := stagingDir{home: -1, fd: -1}
		var err error
		if d.home, err = openBeneath(t.root, string(h.Path), listFlags); err != nil {
			return &fs.PathError{Op: "open", Path: string(h.Path), Err: err}
		}
		t.dirs = append(t.dirs, d)
		e, err := stat(d.home, "", "/")
		if err == nil && e.Ino != h.Ino {
			err = errors.New("is not mounted any more")
		}
		if err != nil {
			return &fs.PathError{Op: "open", Path: string(h.Path), Err: err}
		}
		fd, err := resolve(d.home, t.stagingName(), listFlags)
		if err == nil {
			t.dirs[len(t.dirs)-1].fd = fd
		} else if err != unix.ENOENT {
			return &fs.PathError{Op: "open", Path: tree.Join(string(h.Path), t.stagingName()), Err: err}
		}
	}
	return nil
}

// makeDirs makes the staging directories.
func (t *txn) makeDirs() error {
	for i := range t.dirs {
		d := &t.dirs[i]
		path := tree.Join(string(t.rec.Homes[i].Path), t.stagingName())
		if err := t.mkdir(d.home, t.stagingName()); err != nil {
			return &fs.PathError{Op: "mkdir", Path: path, Err: err}
		}
		fd, err := resolve(d.home, t.stagingName(), listFlags)
		if err != nil {
			return &fs.PathError{Op: "open", Path: path, Err: err}
		}
		d.fd = fd
		// Also what the directory inherited, and the umask took.
		if err := t.fchmod(fd, 0o700); err != nil {
			return &fs.PathError{Op: "chmod", Path: path, Err: err}
		}
	}
	return nil
}

// sync makes durable what was done in all homes.
func (t *txn) sync() error {
	synced := map[uint64]bool{}
	for i, d := range t.dirs {
		e, err := stat(d.home, "", "/")
		if err != nil {
			return err
		}
		if synced[e.Dev] {
			continue
		}
		if err := t.syncfs(d.home); err != nil {
			return &fs.PathError{Op: "syncfs", Path: string(t.rec.Homes[i].Path), Err: err}
		}
		synced[e.Dev] = true
	}
	return nil
}

// mark says by the name of the first staging directory that what is in them is not
// needed any more. That is one rename, so what a crash leaves is either
// all that is needed to go on or nothing that is needed.
func (t *txn) mark(suffix string) error {
	if t.dirs[0].fd < 0 {
		return nil
	}
	return t.move(t.dirs[0].home, t.stagingName(), t.dirs[0].home, t.stagingName()+suffix)
}

// clean removes the staging directories, the first one last. What is in them is the
// commit's own, or an old file that was examined after it came there.
func (t *txn) clean() error {
	var failures []error
	for i := len(t.dirs) - 1; i >= 0; i-- {
		d := &t.dirs[i]
		if d.home < 0 || len(failures) > 0 {
			continue
		}
		for _, suffix := range []string{"", suffixDone, suffixUndone} {
			if i > 0 && suffix != "" {
				break
			}
			if err := t.cleanDir(d.home, t.stagingName()+suffix); err != nil {
				path := tree.Join(string(t.rec.Homes[i].Path), t.stagingName()+suffix)
				failures = append(failures, &fs.PathError{Op: "remove", Path: path, Err: err})
			}
		}
	}
	return errors.Join(failures...)
}

// cleanDir removes a staging directory, which holds no directory but empty ones.
func (t *txn) cleanDir(home int, name string) error {
	fd, err := resolve(home, name, listFlags)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	names, err := tree.Names(fd, "", t.a.of(bufferSize))
	if err != nil {
		return err
	}
	err = t.several(len(names), func(t *txn, i int) error {
		err := t.unlink(fd, names[i])
		if err == unix.EISDIR || err == unix.EPERM {
			err = t.rmdir(fd, names[i])
		}
		if err == unix.ENOENT {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return t.rmdir(home, name)
}

// settle makes all durable, and has the journal forget the commit.
//
// It may run long after the rest, and a crash before it is harmless: what was
// staged has been durable since before the first step, and the journal's entry
// is. After a crash of the process alone, the kernel still has all steps and the
// removed staging directories, and Recover finds nothing to do. After a power
// cut the file system has gone back to some moment: a staging directory is there
// again, as it was at that moment, with the steps that had reached the disk by
// then, and Recover does the others; or it is not, and then all steps that came
// before its removal are on the disk too.
func (t *txn) settle() error {
	if err := t.sync(); err != nil {
		return err
	}
	if err := t.journal.Delete(t.id); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}
