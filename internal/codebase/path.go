// SPDX-License-Identifier: MIT

package codebase

import "strings"

const (
	// maxName and maxPath are what the kernel takes, in bytes.
	maxName = 255
	maxPath = 4096
)

// ValidatePath returns path in the form in which a codebase knows it: from the
// root, with a leading slash, without empty names and without ".". The root
// itself is "/". A path that has "..", a NUL, a name of more than 255 bytes or
// more than 4,096 bytes altogether is ErrInvalidPath, in a *fs.PathError; so is
// the empty one. Names need not be valid UTF-8.
func ValidatePath(path string) (string, error) {
	invalid := pathError("validate", path, ErrInvalidPath)
	if path == "" || strings.IndexByte(path, 0) >= 0 {
		return "", invalid
	}
	var clean strings.Builder
	for name := range strings.SplitSeq(path, "/") {
		switch {
		case name == "" || name == ".":
			continue
		case name == ".." || len(name) > maxName:
			return "", invalid
		}
		clean.WriteByte('/')
		clean.WriteString(name)
	}
	switch {
	case clean.Len() == 0:
		return "/", nil
	case clean.Len() > maxPath:
		return "", invalid
	}
	return clean.String(), nil
}

// maxID bounds the length of IDs and of owners, in bytes.
const maxID = 128

// validateID returns an error for what cannot be a codebase's ID, which is also
// a name on disk: it begins with a letter or a digit, and the rest is of
// letters, digits, ".", "_" and "-".
func validateID(id string) error {
	if id == "" || len(id) > maxID {
		return ErrInvalidID
	}
	for i := range len(id) {
		c := id[i]
		alphanumeric := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alphanumeric && (i == 0 || c != '.' && c != '_' && c != '-') {
			return ErrInvalidID
		}
	}
	return nil
}

func validateOwner(owner string) error {
	if len(owner) > maxID || strings.IndexByte(owner, 0) >= 0 {
		return ErrInvalidID
	}
	return nil
}
