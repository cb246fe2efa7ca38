// SPDX-License-Identifier: MIT

package statedir

import (
	"fmt"
	"syscall"
)

// InUseError says that another process owns a state directory. It matches
// syscall.EWOULDBLOCK.
type InUseError struct {
	Path string
	PID  int // 0: not known
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("state directory %s is in use by process %d: %v", e.Path, e.PID, syscall.EWOULDBLOCK)
}

// Is makes it match the error of flock(2).
func (e *InUseError) Is(target error) bool { return target == syscall.EWOULDBLOCK }
