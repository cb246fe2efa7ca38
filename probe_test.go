// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"errors"
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// TestProbe compares what the report says with what happens.
func TestProbe(t *testing.T) {
	report := sandbox.Probe()
	sb, err := sandbox.FromLocal(t.Context(), project(t, sample))
	switch {
	case err == nil:
		check(t, sb.Close())
		check(t, report.Err())
	case report.Err() == nil:
		t.Errorf("sandboxes can run here, says the report, and yet: %v", err)
	case !errors.Is(report.Err(), sandbox.ErrUnsupported):
		t.Error(report.Err())
	case os.Getenv("SANDBOX_REQUIRE") != "":
		t.Fatal(report.Err())
	default:
		t.Skip(report.Err())
	}
}
