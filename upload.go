// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// fromLocal makes a sandbox of a directory: where the service can reach it, of
// the directory itself, else of a codebase that it is uploaded into.
func fromLocal(ctx context.Context, svc Service, dir string, o options) (*Sandbox, error) {
	req, err := o.request()
	if err != nil {
		return nil, &Error{Op: "create", Path: dir, Err: err}
	}
	if local, ok := svc.(DirectoryService); ok {
		info, err := local.CreateFromDirectory(ctx, dir, req)
		if err != nil {
			return nil, err
		}
		return newSandbox(svc, info), nil
	}
	return fromUpload(ctx, svc, dir, req)
}

// fromUpload makes a sandbox of a codebase of its own.
func fromUpload(ctx context.Context, svc Service, dir string, req CreateSandboxRequest) (_ *Sandbox, err error) {
	fail := func(err error) (*Sandbox, error) { return nil, &Error{Op: "create", Path: dir, Err: err} }
	if req.Live {
		return fail(because(ErrUnsupported, errors.New("a live directory has to be on the service's machine")))
	}
	policy, err := fsguard.Compile(req.Rules)
	if err != nil {
		return fail(because(ErrInvalid, err))
	}
	path, err := checkDir(dir)
	if err != nil {
		return fail(err)
	}
	t, err := tree.List(ctx, path, tree.Prune(fsguard.PruneFor(policy)))
	if err != nil {
		return fail(err)
	}
	c, err := svc.CreateCodebase(ctx, CreateCodebaseRequest{Name: filepath.Base(path)})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = svc.DeleteCodebase(context.WithoutCancel(ctx), c.ID)
		}
	}()
	if err := upload(ctx, svc, c.ID, t, policy); err != nil {
		return fail(err)
	}
	req.CodebaseID = c.ID
	info, err := svc.CreateSandbox(ctx, req)
	if err != nil {
		return nil, err
	}
	s := newSandbox(svc, info)
	s.upload = c.ID
	return s, nil
}

// upload sends what a policy lets be seen of a directory, in one stream.
func upload(ctx context.Context, svc Service, id string, t *tree.Tree, policy *fsguard.Policy) error {
	r, w := io.Pipe()
	defer r.Close() // which ends the writer, whatever came of the import
	go func() { w.CloseWithError(writeTar(w, t, policy)) }()
	_, err := svc.ImportTar(ctx, id, r)
	return err
}
