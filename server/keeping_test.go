// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/sandbox-rls/sandbox/server"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// TestWhatIsKept gives sandboxes and codebases more of what is kept with them, and
// listed, than they can have. With as much as they can have, a page is still one that
// clients of gRPC take.
func TestWhatIsKept(t *testing.T) {
	s := newSite(t, server.Limits{})
	ctx := t.Context()
	cb := s.codebase()
	rules := func(n int) []*sandboxv1.PermissionRule {
		var list []*sandboxv1.PermissionRule
		for ; n > 0; n -= 4000 {
			list = append(list, &sandboxv1.PermissionRule{Pattern: "/" + strings.Repeat("x", 3999), Permission: sandboxv1.Permission_PERMISSION_READ})
		}
		return list
	}
	long := strings.Repeat("x", 1<<20)
	for what, r := range map[string]*sandboxv1.CreateSandboxRequest{
		"a long label":                  {Labels: map[string]string{"a": long}},
		"the label of an owner":         {Labels: map[string]string{"\x00owner": "bob"}},
		"a long owner":                  {OwnerId: long},
		"a long image":                  {Image: long},
		"rules of more than a megabyte": {Permissions: append(rules(600<<10), rules(600<<10)...)},
	} {
		r.CodebaseId = cb
		_, err := s.sb.CreateSandbox(ctx, r)
		s.want(what, err, connect.CodeInvalidArgument)
	}
	_, err := s.sb.CreateSandbox(ctx, &sandboxv1.CreateSandboxRequest{CodebaseId: cb, Permissions: []*sandboxv1.PermissionRule{{Pattern: "/" + long, Permission: 3}}})
	if s.want("a long pattern", err, connect.CodeInvalidArgument); len(err.Error()) > 4<<10 {
		t.Errorf("an error of %d bytes, which clients of gRPC do not take", len(err.Error()))
	}
	_, err = s.cb.CreateCodebase(ctx, &sandboxv1.CreateCodebaseRequest{Name: long})
	s.want("a long name", err, connect.CodeInvalidArgument)

	var ids []string
	for range 8 {
		i, err := s.sb.CreateSandbox(ctx, &sandboxv1.CreateSandboxRequest{CodebaseId: cb, Permissions: rules(900 << 10)})
		must(t, err)
		ids = append(ids, i.GetId())
		if len(ids) == 1 {
			_, err := s.sb.Fork(ctx, &sandboxv1.ForkRequest{SandboxId: i.GetId(), Labels: &sandboxv1.Labels{Labels: map[string]string{"\x00owner": "bob"}}})
			s.want("the label of an owner of a fork", err, connect.CodeInvalidArgument)
		}
	}
	var got []string
	for req := (&sandboxv1.ListSandboxesRequest{PageSize: 1000}); ; {
		page, err := s.sb.ListSandboxes(ctx, req)
		must(t, err)
		if n := proto.Size(page); n > 4<<20 {
			t.Errorf("a page of %d bytes", n)
		}
		for _, i := range page.GetSandboxes() {
			got = append(got, i.GetId())
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	if strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("listed %v of %v", got, ids)
	}
}
