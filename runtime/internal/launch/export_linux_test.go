// SPDX-License-Identifier: MIT

package launch

import (
	"time"

	"github.com/sandbox-rls/sandbox/runtime"
)

// SetPatience says how long an instance waits for what an init does at once.
func SetPatience(in runtime.Instance, d time.Duration) { in.(*instance).patience = d }
