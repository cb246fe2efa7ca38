// SPDX-License-Identifier: MIT

package fsguard

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// maxIdleMasks is how many masks that nobody uses a cache keeps. That of a tree
// of 100,000 files may take 20 MB, in empty directories.
const maxIdleMasks = 16

// tempPrefix begins the names of masks that are not finished or going away.
const tempPrefix = ".tmp-"

// MaskCache keeps mask layers on disk and shares them between sandboxes whose
// plans have the same digest. It is safe for concurrent use. One directory is
// for one MaskCache at a time.
type MaskCache struct {
	dir string

	mu    sync.Mutex
	masks map[string]*cachedMask
	idle  []string // keys of masks that nobody uses, the longest unused first
}

type cachedMask struct {
	ready  chan struct{} // closed when layers and err are set
	layers []string
	err    error
	uses   int
}

// Mask is a plan's mask layers, held in the cache until Release.
type Mask struct {
	// Layers are directories for overlayfs, top first; empty when the plan
	// masks nothing.
	Layers []string
	// Facade says that the first layer is one: see BuildMask.
	Facade bool

	release func()
}

// OpenMaskCache opens the cache in dir, which is made when it does not exist.
// Masks that an earlier process left there are used again.
func OpenMaskCache(dir string) (*MaskCache, error) {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	c := &MaskCache{dir: dir, masks: map[string]*cachedMask{}}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			if err := tree.Remove(filepath.Join(dir, e.Name())); err != nil {
				return nil, err
			}
			continue
		}
		if _, err := hex.DecodeString(e.Name()); err != nil || len(e.Name()) != hex.EncodedLen(sha256.Size) {
			continue
		}
		ready := make(chan struct{})
		close(ready)
		c.masks[e.Name()] = &cachedMask{ready: ready, layers: layersIn(filepath.Join(dir, e.Name()))}
		c.idle = append(c.idle, e.Name())
	}
	return c, nil
}

// Get returns the mask of a plan, building it when it is not there yet. Calls
// for the same plan build it once. Each Mask has to be released.
func (c *MaskCache) Get(t *tree.Tree, p *Plan, owner tree.Owner) (*Mask, error) {
	if !p.Masks() {
		return &Mask{release: func() {}}, nil
	}
	key := maskKey(p, owner)
	c.mu.Lock()
	m, found := c.masks[key]
	if !found {
		m = &cachedMask{ready: make(chan struct{})}
		c.masks[key] = m
	}
	m.uses++
	c.idle = slices.DeleteFunc(c.idle, func(k string) bool { return k == key })
	c.mu.Unlock()

	if !found {
		m.layers, m.err = c.build(key, t, p, owner)
		close(m.ready)
	}
	<-m.ready
	if m.err != nil {
		c.forget(key, m)
		return nil, m.err
	}
	return &Mask{Layers: m.layers, Facade: len(p.Hidden) > 0, release: sync.OnceFunc(func() { c.release(key, m) })}, nil
}

// Release says that the mask's layers are not mounted any more. Further calls
// do nothing.
func (m *Mask) Release() { m.release() }

func maskKey(p *Plan, owner tree.Owner) string {
	digest := p.Digest()
	b := binary.AppendVarint(digest[:], int64(owner.UID))
	b = binary.AppendVarint(b, int64(owner.GID))
	key := sha256.Sum256(b)
	return hex.EncodeToString(key[:])
}

// build makes the mask beside its place and moves it there when it is whole.
func (c *MaskCache) build(key string, t *tree.Tree, p *Plan, owner tree.Owner) (layers []string, err error) {
	temp, err := os.MkdirTemp(c.dir, tempPrefix)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("building mask: %w", err), tree.Remove(temp))
		}
	}()
	if _, err := BuildMask(temp, t, p, owner); err != nil {
		return nil, err
	}
	// Names of hidden files are not for everybody on this machine.
	if owner.Set() {
		if err := os.Chown(temp, -1, owner.GID); err != nil {
			return nil, err
		}
		if err := os.Chmod(temp, 0o710); err != nil {
			return nil, err
		}
	}
	final := filepath.Join(c.dir, key)
	if err := os.Rename(temp, final); err != nil {
		return nil, err
	}
	return layersIn(final), nil
}

// layersIn returns the layers of a finished mask.
func layersIn(dir string) (layers []string) {
	for _, name := range []string{facadeLayer, maskLayer} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			layers = append(layers, filepath.Join(dir, name))
		}
	}
	return layers
}

// forget drops a mask that could not be built, so that the next call tries anew.
func (c *MaskCache) forget(key string, m *cachedMask) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.masks[key] == m {
		delete(c.masks, key)
	}
}

func (c *MaskCache) release(key string, m *cachedMask) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m.uses--
	if m.uses > 0 {
		return
	}
	c.idle = append(c.idle, key)
	for len(c.idle) > maxIdleMasks {
		c.evict(c.idle[0])
		c.idle = c.idle[1:]
	}
}

// evict removes a mask from the cache. It is renamed first, so that half of it
// is never taken for a mask.
func (c *MaskCache) evict(key string) {
	delete(c.masks, key)
	gone := filepath.Join(c.dir, tempPrefix+key)
	if err := os.Rename(filepath.Join(c.dir, key), gone); err == nil {
		_ = tree.Remove(gone) // what is left goes when the cache is opened next
	}
}
