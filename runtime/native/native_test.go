// SPDX-License-Identifier: MIT

//go:build linux

package native_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/native"
	"github.com/sandbox-rls/sandbox/runtime/runtimetest"
)

func TestRuntime(t *testing.T) {
	runtimetest.Run(t, func() runtime.Runtime {
		rt := native.New()
		t.Cleanup(func() { rt.Close() })
		return rt
	})
}
