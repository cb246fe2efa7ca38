// SPDX-License-Identifier: MIT

package tree

import "runtime"

// Workers is how many goroutines work on one tree at a time.
func Workers() int { return min(max(runtime.GOMAXPROCS(0), 2), 8) }
