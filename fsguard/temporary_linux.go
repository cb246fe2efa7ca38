// SPDX-License-Identifier: MIT

package fsguard

import (
	"crypto/rand"
	"strings"

	"golang.org/x/sys/unix"
)

// temporaryName is what a file is called until it is whole: another name each time,
// which no command knows before.
func temporaryName() string {
	return ".sandbox-" + strings.ToLower(rand.Text()) + ".tmp"
}

// withTemporaryName calls create with such names until one is free, and returns it. It
// gives up, with EEXIST, when none of several is.
func withTemporaryName(create func(name string) error) (string, error) {
	for range maxTries {
		name := temporaryName()
		if err := create(name); err != unix.EEXIST {
			return name, err
		}
	}
	return "", unix.EEXIST
}
