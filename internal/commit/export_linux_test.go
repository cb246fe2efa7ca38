// SPDX-License-Identifier: MIT

package commit

import "context"

// WithFault has fault asked before each call that changes something; its error
// is the call's.
func (o Options) WithFault(fault func(call string) error) Options {
	o.fault = fault
	return o
}

// RecoverWithFault is Recover with the same.
func RecoverWithFault(ctx context.Context, j Journal, fault func(call string) error) ([]Recovery, error) {
	return recoverAll(ctx, j, fault)
}

// StagingPrefix begins the names of staging directories.
const StagingPrefix = stagingPrefix

// Len returns how many files are known.
func (c *Contents) Len() int { return len(c.files) }
