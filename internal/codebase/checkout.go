// SPDX-License-Identifier: MIT

package codebase

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Checkout is a version of a codebase as directories for overlayfs. It is
// shared: nothing in it, on disk or in memory, may be changed.
type Checkout struct {
	// Name names the checkout in its store, for Hold and Load. It begins with
	// the codebase's ID.
	Name string
	// Codebase is the ID, and Version which one it is.
	Codebase string
	Version  uint64
	// Layers are the directories, top first: the whole of a version, and over
	// it, where there is one, what changed since.
	Layers []string
	// Tree lists what the layers show together. Numbers of inodes and devices,
	// change times and owners are not in it.
	Tree *tree.Tree

	release func()
}

// Release says that the layers are not mounted any more. Further calls do
// nothing.
func (c *Checkout) Release() { c.release() }

// layerName names the layer of a version, over a base if that is another one.
func layerName(base, version uint64) string {
	if base == version {
		return strconv.FormatUint(version, 10)
	}
	return fmt.Sprintf("%d-%d", base, version)
}

// parseLayerName is the reverse.
func parseLayerName(name string) (base, version uint64, ok bool) {
	from, to, thin := strings.Cut(name, "-")
	base, err := strconv.ParseUint(from, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	version = base
	if thin {
		if version, err = strconv.ParseUint(to, 10, 64); err != nil {
			return 0, 0, false
		}
	}
	return base, version, layerName(base, version) == name
}

// thinMost is how many changes a layer may hold beside a codebase of so many
// files, before the whole is made anew.
func thinMost(files int) int { return max(64, files/4) }
