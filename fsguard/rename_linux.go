// SPDX-License-Identifier: MIT

package fsguard

import "golang.org/x/sys/unix"

func opRenameat(c *call) verdict  { return c.rename(c.arg(0), 1, c.arg(2), 3, 0) }
func opRenameat2(c *call) verdict { return c.rename(c.arg(0), 1, c.arg(2), 3, uint(c.n.Data.Args[4])) }

// rename needs write at both names, and a directory needs it for every name
// beneath it at both places. Else it is EXDEV, so that mv(1) copies file by
// file, and each file is decided on by itself.
func (c *call) rename(oldfd, oldArg, newfd, newArg int, flags uint) verdict {
	const known = unix.RENAME_NOREPLACE | unix.RENAME_EXCHANGE | unix.RENAME_WHITEOUT
	if flags&^known != 0 || flags&unix.RENAME_EXCHANGE != 0 && flags != unix.RENAME_EXCHANGE {
		return pass // the kernel says so before it looks at the names
	}
	from, ok := c.pathArg(oldArg)
	if !ok {
		return pass
	}
	to, ok := c.pathArg(newArg)
	if !ok {
		return pass
	}
	act := func() verdict {
		return c.parent(oldfd, from, func(old spot) verdict {
			// The kernel gets to the old name before it looks for the new one, and to both
			// before it looks at what is there.
			if errno := accessible(old.dir, unix.X_OK); errno != 0 {
				return fail(errno)
			}
			return unloop(c.parent(newfd, to, func(new spot) verdict {
				if errno := accessible(new.dir, unix.X_OK); errno != 0 {
					return fail(errno)
				}
				return c.move(old, new, flags)
			}))
		})
	}
	v := c.steady(act)
	if v == exclusive {
		c.a.moves.Lock()
		defer c.a.moves.Unlock()
		c.w.moving = true
		defer func() { c.w.moving = false }()
		return act()
	}
	return v
}

// exclusive asks for an operation to be done again while nothing else happens.
var exclusive = verdict{errno: 0xfff}

func (c *call) move(old, new spot, flags uint) verdict {
	if !c.w.moving {
		c.a.births.RLock()
		defer c.a.births.RUnlock()
	}
	for _, pair := range [2][2]spot{{old, new}, {new, old}} {
		var st unix.Stat_t
		err := unix.Fstatat(pair[0].dir, trim(pair[0].name), &st, unix.AT_SYMLINK_NOFOLLOW)
		if err != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
			continue
		}
		if !c.w.moving {
			return exclusive
		}
		if !c.movable(pair[0], pair[1]) {
			return fail(unix.EXDEV)
		}
	}
	return result(unix.Renameat2(old.dir, old.name, new.dir, new.name, flags))
}

func trim(name string) string {
	for len(name) > 1 && name[len(name)-1] == '/' {
		name = name[:len(name)-1]
	}
	return name
}
