// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/servicetest"
	"github.com/sandbox-rls/sandbox/server/client"
)

func TestServiceByConnect(t *testing.T) {
	t.Parallel()
	servicetest.Run(t, func(t *testing.T) sandbox.Service { return dial(t, serve(t, manager(t)).URL) })
}

func TestServiceByGRPC(t *testing.T) {
	t.Parallel()
	servicetest.Run(t, func(t *testing.T) sandbox.Service {
		return dial(t, serve(t, manager(t)).URL, client.WithGRPC())
	})
}
