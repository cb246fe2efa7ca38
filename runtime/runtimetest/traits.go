// SPDX-License-Identifier: MIT

package runtimetest

import (
	"os"

	"github.com/sandbox-rls/sandbox/runtime"
)

// Traits are what differs between the sandboxes of runtimes. The zero value is the
// native one's.
type Traits struct {
	// Image says that the root is an image's: it holds what the image does, can be
	// written as far as the user may, and is not shared with others. What commands
	// of the tests it has is the image's affair. Such a sandbox always has a cgroup.
	Image bool
	// UID, GID, Name and Home are those of an image's user.
	UID, GID   int
	Name, Home string
}

func (t Traits) complete() Traits {
	if !t.Image {
		t.UID, t.GID, t.Name, t.Home = runtime.UserID, runtime.GroupID, runtime.UserName, runtime.Home
	}
	return t
}

// required reports whether what is missing is to fail a test: a program that an
// image does not have is not.
func (t Traits) required() bool { return os.Getenv("SANDBOX_REQUIRE") != "" && !t.Image }
