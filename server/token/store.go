// SPDX-License-Identifier: MIT

package token

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// keepExpired is how long an expired token is still listed.
const keepExpired = 30 * 24 * time.Hour

// ErrNotFound: no token has this id. It matches fs.ErrNotExist.
var ErrNotFound = fmt.Errorf("token not found: %w", fs.ErrNotExist)

// Store is a file of tokens. All methods may be called concurrently, also by several
// processes.
type Store struct {
	path string
	now  func() time.Time

	mu     sync.Mutex
	state  os.FileInfo // of the file when it was read; nil: it was not there
	read   time.Time   // when that was
	tokens map[string]Token
	err    error // what is wrong with the file
}

// NewStore returns the store in a file, which need not exist.
func NewStore(path string) *Store { return &Store{path: path, now: time.Now} }

// Path is where the file is.
func (s *Store) Path() string { return s.path }

// Create makes a token of an owner, which expires after a time; 0: never. The text
// is what the owner is to be given: it cannot be had again.
func (s *Store) Create(owner string, expiresIn time.Duration) (t Token, text string, err error) {
	if err := checkOwner(owner); err != nil {
		return Token{}, "", err
	}
	if expiresIn < 0 {
		return Token{}, "", fmt.Errorf("%w: a negative time to live", sandbox.ErrInvalid)
	}
	err = s.change(func(tokens []Token) ([]Token, error) {
		t, text = mint(owner, s.now())
		if expiresIn > 0 {
			t.Expires = s.now().Add(expiresIn).UTC()
		}
		return append(tokens, t), nil
	})
	if err != nil {
		return Token{}, "", err
	}
	return t, text, nil
}

// List returns all tokens, the oldest first. Expired ones are listed for 30 days.
func (s *Store) List() ([]Token, error) {
	data, _, err := s.load()
	if err != nil || data == nil {
		return nil, err
	}
	return s.decode(data)
}

// Revoke forgets a token. It is none as soon as this returns, for all who use the
// file.
func (s *Store) Revoke(id string) error {
	return s.change(func(tokens []Token) ([]Token, error) {
		for i := range tokens {
			if tokens[i].ID == id {
				return append(tokens[:i], tokens[i+1:]...), nil
			}
		}
		return nil, fmt.Errorf("%q: %w", id, ErrNotFound)
	})
}

// Authenticate returns the owner of a token. One that is not known, or expired, is
// sandbox.ErrUnauthenticated. It looks at the file each time, and reads it when it
// has changed; when it cannot be read, nobody is let in.
func (s *Store) Authenticate(_ context.Context, text string) (string, error) {
	id, secret, ok := parse(text)
	if !ok {
		return "", sandbox.ErrUnauthenticated
	}
	tokens, err := s.current()
	if err != nil {
		return "", err
	}
	t, found := tokens[id]
	want, _ := hex.DecodeString(t.Hash)
	if !found {
		want = make([]byte, 32) // compared with all the same
	}
	if subtle.ConstantTimeCompare(want, hash(secret)) != 1 || !found || t.Expired(s.now()) {
		return "", sandbox.ErrUnauthenticated
	}
	return t.Owner, nil
}

// current returns what the file has now.
func (s *Store) current() (map[string]Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		s.state, s.tokens, s.err = nil, nil, nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if s.state != nil && same(s.state, state) && s.read.Sub(state.ModTime()) > clockTick {
		return s.tokens, s.err
	}
	begun := time.Now()
	data, state, err := s.load()
	if err != nil {
		return nil, err
	}
	s.state, s.read, s.tokens, s.err = state, begun, nil, nil
	if data == nil {
		return nil, nil
	}
	list, err := s.decode(data)
	if err != nil {
		s.err = err
		return nil, err
	}
	s.tokens = make(map[string]Token, len(list))
	for _, t := range list {
		s.tokens[t.ID] = t
	}
	return s.tokens, nil
}

// clockTick is more than the step in which file systems count time: what was read
// sooner after a change may have been changed again without being told apart.
const clockTick = time.Second

// same reports whether a file is the same, unchanged: each change makes another
// file, whose number may be that of an earlier one.
func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// load reads the file; nil when there is none.
func (s *Store) load() ([]byte, os.FileInfo, error) {
	f, err := os.OpenFile(s.path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO is refused, and not waited for
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	state, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !state.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("token file %s: not a regular file", s.path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("token file %s: larger than %d bytes", s.path, maxFile)
	}
	if data == nil {
		data = []byte{}
	}
	return data, state, err
}

func (s *Store) decode(data []byte) ([]Token, error) {
	tokens, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("token file %s: %w", s.path, err)
	}
	return tokens, nil
}

// change puts another file in the place of the one that is there: whoever reads it
// sees all of a change or nothing. Those who change it take turns.
func (s *Store) change(do func([]Token) ([]Token, error)) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	unlock, err := lock(s.path + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	tokens, err := s.List()
	if err != nil {
		return err
	}
	if tokens, err = do(tokens); err != nil {
		return err
	}
	data, err := encode(without(tokens, s.now().Add(-keepExpired)))
	if err != nil {
		return err
	}
	return replace(s.path, data)
}

// replace writes a file of mode 0600, and has it on disk.
func replace(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err = inherit(f, path); err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
