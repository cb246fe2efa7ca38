// SPDX-License-Identifier: MIT

package fsguard

import (
	"fmt"
	"strings"
)

// Permission is the level that a path of the workspace has. The zero value is
// None, so that whatever nobody spoke of is closed. Levels are ordered: each
// includes what the one before it allows.
type Permission uint8

// The four levels.
const (
	// None hides the path: no listing, stat, open or exec sees it.
	None Permission = iota
	// View lists the path with its size, time and type; its content cannot be read.
	View
	// Read allows reading and executing.
	Read
	// Write allows changing, creating and removing.
	Write
)

var permissionNames = [...]string{None: "none", View: "view", Read: "read", Write: "write"}

// String returns "none", "view", "read" or "write".
func (p Permission) String() string {
	if int(p) < len(permissionNames) {
		return permissionNames[p]
	}
	return fmt.Sprintf("permission(%d)", uint8(p))
}

// ParsePermission is the inverse of String; case does not matter. An unknown
// name is an error that wraps ErrBadPermission.
func ParsePermission(name string) (Permission, error) {
	for p, n := range permissionNames {
		if strings.EqualFold(name, n) {
			return Permission(p), nil
		}
	}
	return None, fmt.Errorf("%w %q: want one of none, view, read, write", ErrBadPermission, name)
}

// MarshalText implements encoding.TextMarshaler.
func (p Permission) MarshalText() ([]byte, error) {
	if p > Write {
		return nil, fmt.Errorf("%w %d", ErrBadPermission, uint8(p))
	}
	return []byte(p.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Permission) UnmarshalText(text []byte) error {
	v, err := ParsePermission(string(text))
	if err != nil {
		return err
	}
	*p = v
	return nil
}
