// SPDX-License-Identifier: MIT

//go:build linux

package native_test

import (
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/native"
	"github.com/sandbox-rls/sandbox/runtime/runtimetest"
)

func TestRuntime(t *testing.T) {
	runtimetest.Run(t, func() runtime.Runtime {
		var opts []native.Option
		if os.Getenv("SANDBOX_TEST_DELEGATED") != "" {
			opts = append(opts, native.WithDelegatedCgroup())
		}
		rt := native.New(opts...)
		t.Cleanup(func() {
			if err := rt.Close(); err != nil {
				t.Error(err)
			}
		})
		return rt
	})
}
