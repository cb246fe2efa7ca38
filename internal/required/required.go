// SPDX-License-Identifier: MIT

// Package required lets a test do without what a machine may lack, but not where all of
// it is asked for.
package required

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Missing skips a test since the machine lacks a feature, and fails it when
// SANDBOX_REQUIRE, a list with commas, names the feature or says "all".
func Missing(t testing.TB, feature string, why any) {
	t.Helper()
	wanted := strings.Split(os.Getenv("SANDBOX_REQUIRE"), ",")
	if slices.Contains(wanted, feature) || slices.Contains(wanted, "all") {
		t.Fatalf("%s is missing: %v", feature, why)
	}
	t.Skipf("%s is missing: %v", feature, why)
}
