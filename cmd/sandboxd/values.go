// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/sandbox-rls/sandbox/internal/size"
)

// fileMode is permissions in octal, as a flag.
type fileMode os.FileMode

func (m *fileMode) String() string { return fmt.Sprintf("%04o", uint32(*m)) }

// Type is the name of the flag's value in help texts.
func (*fileMode) Type() string { return "permissions" }

// Set parses permissions.
func (m *fileMode) Set(text string) error {
	n, err := strconv.ParseUint(text, 8, 32)
	if err != nil || n > 0o777 {
		return fmt.Errorf("not permissions: %q; write them in octal, such as 0660", text)
	}
	*m = fileMode(n)
	return nil
}

// defaulted gives a size its default.
func defaulted(s *size.Size, n int64) *size.Size {
	*s = size.Size(n)
	return s
}
