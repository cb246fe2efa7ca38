// SPDX-License-Identifier: MIT

package launch

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/idrange"
	"github.com/sandbox-rls/sandbox/internal/spawner"
	"github.com/sandbox-rls/sandbox/runtime"
)

// UserMap says as whom a sandbox has files whose numbers are those of its owner's
// disk: for ID-mapped mounts (mount_setattr(2), MOUNT_ATTR_IDMAP) in a sandbox
// that is not in the range of users which native ones have.
type UserMap struct {
	UIDs, GIDs []control.IDMap
}

// NewUserMap maps the range that sandboxes own files in to the numbers from shift
// on, so that the runtime's Owner becomes the given user. The number that this user
// would have had goes to runtime.UserID in exchange.
//
// With from, the files are those of somebody else, whose own become the user's; other
// files are other users', as far as they are of the first 65,536.
func NewUserMap(user runtime.User, from *runtime.Owner) UserMap {
	u, g := user.UID-user.Shift, user.GID-user.Shift
	if from == nil {
		return UserMap{
			UIDs: exchanged(idrange.Base, runtime.UserID, u, user.Shift),
			GIDs: exchanged(idrange.Base, runtime.GroupID, g, user.Shift),
		}
	}
	return UserMap{UIDs: exchanged(0, from.UID, u, user.Shift), GIDs: exchanged(0, from.GID, g, user.Shift)}
}

// exchanged maps the numbers from base on to those from shift on, with two of them exchanged.
func exchanged(base, a, b, shift int) []control.IDMap {
	part := func(from, to, count int) control.IDMap {
		return control.IDMap{Inside: uint32(base + from), Outside: uint32(shift + to), Count: uint32(count)}
	}
	if a == b && a < idrange.Count {
		return []control.IDMap{part(0, 0, idrange.Count)}
	}
	maps := []control.IDMap{part(a, b, 1)}
	ends := []int{0, idrange.Count}
	for _, n := range []int{a, b} {
		if n < idrange.Count {
			ends = append(ends, n, n+1)
		}
	}
	if a < idrange.Count && b < idrange.Count {
		maps = append(maps, part(b, a, 1))
	}
	slices.Sort(ends)
	for i := 1; i < len(ends); i++ {
		first, count := ends[i-1], ends[i]-ends[i-1]
		if count > 0 && !(count == 1 && (first == a || first == b)) {
			maps = append(maps, part(first, first, count))
		}
	}
	return maps
}

// Namespace makes a user namespace with the map, by which a mount gets it. The file
// is the caller's. It takes a process for as long as it is made.
func (m UserMap) Namespace() (int, error) {
	s, err := spawner.Begin("")
	if err != nil {
		return -1, err
	}
	defer s.Close()
	ns, err := s.MapIDs(&control.MapIDs{UIDs: m.UIDs, GIDs: m.GIDs})
	if err != nil {
		return -1, fmt.Errorf("making a user namespace: %w", err)
	}
	return ns, nil
}

// SetUserMap gives a detached mount of a directory a map. The file system may have none.
func SetUserMap(tree int, dir string, ns int) error {
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP, Userns_fd: uint64(ns)}
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &attr); err != nil {
		return fmt.Errorf("mapping the owner of %s: %w: its file system has no ID-mapped mounts; put it on ext4, xfs or btrfs, or, with Linux 6.3, tmpfs (%w)", dir, err, runtime.ErrUnsupported)
	}
	return nil
}
