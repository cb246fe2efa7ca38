// SPDX-License-Identifier: MIT

package sandbox

import "golang.org/x/sys/unix"

// signalName is the name of a signal: "SIGKILL".
func signalName(n int) string { return unix.SignalName(unix.Signal(n)) }
