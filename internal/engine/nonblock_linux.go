// SPDX-License-Identifier: MIT

package engine

import "golang.org/x/sys/unix"

// nonblock keeps the opening of what has become a FIFO from waiting.
const nonblock = unix.O_NONBLOCK | unix.O_NOFOLLOW
