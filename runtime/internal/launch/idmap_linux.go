// SPDX-License-Identifier: MIT

package launch

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
)

// idmaps keeps the user namespaces by which files of other users become the
// sandbox's user's. Each is made once: it depends on nothing but the owner of
// the files.
type idmaps struct {
	mu   sync.Mutex
	made map[runtime.Owner]int
}

// get returns a namespace that turns the given owner into the sandbox's user,
// and every other number into its place in the sandbox's range. The file is
// the caller's to close.
func (c *idmaps) get(owner runtime.Owner, create func(*control.MapIDs) (int, error)) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ns, ok := c.made[owner]
	if !ok {
		var err error
		ns, err = create(&control.MapIDs{UIDs: swapped(owner.UID, runtime.UserID), GIDs: swapped(owner.GID, runtime.GroupID)})
		if err != nil {
			return -1, fmt.Errorf("making a user namespace: %w", err)
		}
		if c.made == nil {
			c.made = make(map[runtime.Owner]int)
		}
		c.made[owner] = ns
	}
	fd, err := unix.FcntlInt(uintptr(ns), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("opening a user namespace: %w", err)
	}
	return fd, nil
}

func (c *idmaps) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ns := range c.made {
		unix.Close(ns)
	}
	c.made = nil
}

// swapped maps the numbers of a file system into the sandbox's range, with
// owner and user exchanged.
func swapped(owner, user int) []control.IDMap {
	part := func(from, to, count int) control.IDMap {
		return control.IDMap{Inside: uint32(from), Outside: uint32(idBase + to), Count: uint32(count)}
	}
	if owner == user {
		return []control.IDMap{part(0, 0, idCount)}
	}
	if owner >= idCount {
		return []control.IDMap{part(owner, user, 1)}
	}
	maps := []control.IDMap{part(owner, user, 1), part(user, owner, 1)}
	low, high := min(owner, user), max(owner, user)
	for _, r := range [][2]int{{0, low}, {low + 1, high}, {high + 1, idCount}} {
		if r[1] > r[0] {
			maps = append(maps, part(r[0], r[0], r[1]-r[0]))
		}
	}
	return maps
}
