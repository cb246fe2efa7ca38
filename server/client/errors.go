// SPDX-License-Identifier: MIT

package client

import (
	"context"
	"fmt"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
)

func unsupported(why string) error { return fmt.Errorf("%w: %s", sandbox.ErrUnsupported, why) }

func connectionOf(ctx context.Context, id string, err error) error {
	return wire.FromConnect(ctx, "exec", id, "", err)
}
