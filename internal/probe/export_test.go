// SPDX-License-Identifier: MIT

package probe

import "io/fs"

// Machine is the part of Gather that reads files.
func Machine(root fs.FS) *Facts {
	f := &Facts{}
	f.machine(root)
	return f
}

// ReadCgroups is cgroups.
var ReadCgroups = cgroups
