// SPDX-License-Identifier: MIT

//go:build linux

package bwrap_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/bwrap"
	"github.com/sandbox-rls/sandbox/runtime/runtimetest"
)

func TestRuntime(t *testing.T) {
	runtimetest.Run(t, func() runtime.Runtime {
		rt := bwrap.New()
		t.Cleanup(func() { rt.Close() })
		return rt
	})
}
