// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"errors"
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime"
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

// TestProbeOfLimits does the same for limits.
func TestProbeOfLimits(t *testing.T) {
	report := sandbox.Probe()
	for feature, limits := range map[string]sandbox.ResourceLimits{
		runtime.FeatureCgroups:    {MemoryBytes: 64 << 20, CPUQuota: 50_000, PidsLimit: 50},
		runtime.FeatureDiskLimits: {DiskBytes: 16 << 20},
	} {
		f, ok := report.Feature(feature)
		if !ok {
			t.Fatalf("no feature %s", feature)
		}
		sb, err := sandbox.FromLocal(t.Context(), project(t, sample), sandbox.WithResources(limits))
		if err == nil {
			check(t, sb.Close())
		}
		if f.Available != (err == nil) || err != nil && !errors.Is(err, sandbox.ErrUnsupported) {
			t.Errorf("the report says of %s %+v, and yet: %v", feature, f, err)
		}
	}
}
