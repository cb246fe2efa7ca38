// SPDX-License-Identifier: MIT

package docker

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// sweep removes what owners have left that were killed: their containers, unless
// the engine has done so by itself, and their desks; and what this one could not remove.
func (r *Runtime) sweep(ctx context.Context) error {
	limited, done := r.patient(ctx)
	list, err := r.client.ContainerList(limited, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", labelOwner)})
	if err := done("listing containers", err); err != nil {
		return err
	}
	for _, c := range list.Items {
		if o, ok := parseOwner(c.Labels[labelOwner]); ok && o.dead() {
			_ = r.remove(ctx, c.ID) // the next one tries again
		}
	}
	r.left = slices.DeleteFunc(r.left, func(id string) bool { return r.remove(ctx, id) == nil })
	desks, _ := filepath.Glob(filepath.Join(os.TempDir(), deskPrefix+"*"))
	for _, dir := range desks {
		name, _, _ := cut(strings.TrimPrefix(filepath.Base(dir), deskPrefix))
		if o, ok := parseOwner(name); ok && o.dead() {
			_ = os.RemoveAll(dir)
		}
	}
	return nil
}

// cut parts the name of a desk at its last dash.
func cut(name string) (owner, rest string, ok bool) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

// remove removes a container, however it is, and what volumes of its image it has.
// One that is gone, or is being removed, is no error.
func (r *Runtime) remove(ctx context.Context, id string) error {
	limited, done := r.patient(ctx)
	_, err := r.client.ContainerRemove(limited, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if cerrdefs.IsNotFound(err) || cerrdefs.IsConflict(err) {
		err = nil
	}
	return done("removing the container", err)
}
