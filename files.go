// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
)

// FileInfo describes a file of the workspace.
type FileInfo struct {
	Path       string      `json:"path"` // "/a/b"
	Name       string      `json:"name"`
	IsDir      bool        `json:"is_dir"`
	Size       int64       `json:"size"` // bytes
	Mode       fs.FileMode `json:"mode"`
	ModTime    time.Time   `json:"mod_time"`
	Permission Permission  `json:"permission"`
}

// MaxReadFile is the size, in bytes, of the largest file that ReadFile returns. It is
// held in memory, and a sandbox can make one of any size that takes no room on disk.
// FileOpener reads larger ones.
const MaxReadFile = 256 << 20

// readFile reads a file of the workspace under the rules.
func (s *resident) readFile(ctx context.Context, name string) ([]byte, error) {
	f, err := s.openRegular(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.size > MaxReadFile {
		return nil, s.fail("read", name, errLarge)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxReadFile+1))
	if err == nil && len(data) > MaxReadFile { // it grows
		err = errLarge
	}
	if err != nil {
		return nil, s.fail("read", name, err)
	}
	return data, nil
}

var errLarge = fmt.Errorf("%w: it has more than %d bytes, which only OpenFile reads", syscall.EFBIG, MaxReadFile)

// openFile opens a file of the workspace for reading, under the rules.
func (s *resident) openFile(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := s.openRegular(ctx, name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (s *resident) openRegular(ctx context.Context, name string) (*openedFile, error) {
	box, err := s.enterFor(ctx, "read", name)
	if err != nil {
		return nil, err
	}
	f, err := box.Files.OpenFile(workspacePath(name), os.O_RDONLY, 0)
	if err != nil {
		err = s.fileError("read", name, box, err)
		s.leave()
		return nil, err
	}
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		f.Close()
		s.leave()
		return nil, s.fail("read", name, invalidf("not a regular file"))
	}
	return &openedFile{contextReader: contextReader{ctx, f}, file: f, size: fi.Size(), leave: sync.OnceFunc(s.leave)}, nil
}

// openedFile is a file of a workspace, which is not parked meanwhile.
type openedFile struct {
	contextReader
	file  *os.File
	size  int64 // when it was opened
	leave func()
}

func (f *openedFile) Close() error {
	defer f.leave()
	return f.file.Close()
}

// writeFile writes a file of the workspace under the rules.
func (s *resident) writeFile(ctx context.Context, name string, data []byte) error {
	box, err := s.enterFor(ctx, "write", name)
	if err != nil {
		return err
	}
	defer s.leave()
	if err := box.WriteFile(ctx, workspacePath(name), data, 0o666); err != nil {
		return s.fileError("write", name, box, err)
	}
	return nil
}

// enterFor enters for something to be done to a file.
func (s *resident) enterFor(ctx context.Context, op, name string) (*engine.Box, error) {
	if err := ctx.Err(); err != nil {
		return nil, s.fail(op, name, err)
	}
	if strings.ContainsRune(name, 0) {
		return nil, s.fail(op, name, invalidf("a NUL byte in the path"))
	}
	box, err := s.enter(ctx)
	if err != nil {
		return nil, s.fail(op, name, err)
	}
	return box, nil
}

// fileError is the error of a file that the guard could not serve. A sandbox
// that was stopped meanwhile has lost its mounts: what is found then means nothing.
func (s *resident) fileError(op, name string, box *engine.Box, err error) error {
	if now, ended := s.running(); now != box || !box.Files.Mounted() {
		return s.fail(op, name, because(ErrSandboxNotRunning, errors.Join(ended, err)))
	}
	return s.fail(op, name, denied(err))
}

// denied gives an error of the guard its kind.
func denied(err error) error {
	if errors.Is(err, fsguard.ErrGuardClosed) {
		return because(ErrSandboxNotRunning, err)
	}
	if errors.Is(err, syscall.EXDEV) {
		return because(ErrPermissionDenied, errors.New("it leads out of the workspace"))
	}
	if errors.Is(err, fs.ErrPermission) {
		return because(ErrPermissionDenied, err)
	}
	return err
}

// contextReader ends reading with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}
