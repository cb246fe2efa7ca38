// SPDX-License-Identifier: MIT

package docker

import (
	"context"
	"fmt"
	"io/fs"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// image is what of an image counts.
type image struct {
	id  string
	env []string
}

// find returns an image, which is pulled if the engine has it not.
func (r *Runtime) find(ctx context.Context, ref string) (image, error) {
	if ref == "" {
		ref = r.options.image
	}
	img, err := r.inspect(ctx, ref)
	switch {
	case cerrdefs.IsInvalidArgument(err):
		return image{}, fmt.Errorf("%w: %w (%w)", ErrImage, err, fs.ErrInvalid)
	case !cerrdefs.IsNotFound(err):
		return img, err
	}
	if err := r.pull(ctx, ref); err != nil {
		return image{}, fmt.Errorf("%w: %s is not on this engine, and %w", ErrImage, ref, r.failure("pulling it failed", err))
	}
	return r.inspect(ctx, ref)
}

func (r *Runtime) inspect(ctx context.Context, ref string) (image, error) {
	limited, done := r.patient(ctx)
	found, err := r.client.ImageInspect(limited, ref)
	if err := done("looking for the image "+ref, err); err != nil {
		return image{}, err
	}
	img := image{id: found.ID}
	if found.Config != nil {
		img.env = found.Config.Env
	}
	return img, nil
}

func (r *Runtime) pull(ctx context.Context, ref string) error {
	pulled, err := r.client.ImagePull(ctx, ref, client.ImagePullOptions{})
	if err != nil {
		return err
	}
	for m, err := range pulled.JSONMessages(ctx) {
		if err != nil {
			return err
		}
		if m.Error != nil {
			return m.Error
		}
		if r.options.progress == nil {
			continue
		}
		p := Progress{Image: ref, Layer: m.ID, Status: m.Status}
		if m.Progress != nil {
			p.Current, p.Total = m.Progress.Current, m.Progress.Total
		}
		r.options.progress(p)
	}
	return ctx.Err()
}
