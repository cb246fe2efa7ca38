// SPDX-License-Identifier: MIT

package docker_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/docker"
	"github.com/sandbox-rls/sandbox/runtime/runtimetest"
)

var (
	root = runtimetest.Traits{Image: true, Name: "root", Home: "/root"}
	user = runtimetest.Traits{Image: true, UID: 1000, GID: 1000, Name: "user", Home: "/home/user"}
)

// The suite starts its test anew, so that each is a test of its own.
func TestRuntimeBusybox(t *testing.T)     { suite(t, busybox, "", root) }
func TestRuntimeBusyboxUser(t *testing.T) { suite(t, busybox, "1000:1000", user) }
func TestRuntimeDebian(t *testing.T)      { suite(t, debian, "", root) }
func TestRuntimeDebianUser(t *testing.T)  { suite(t, debian, "1000:1000", user) }

func suite(t *testing.T, image, as string, traits runtimetest.Traits) {
	engine(t)
	runtimetest.RunWith(t, traits, func() runtime.Runtime { return open(t, image, docker.WithUser(as)) })
}
