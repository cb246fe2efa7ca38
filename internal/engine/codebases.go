// SPDX-License-Identifier: MIT

package engine

import (
	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

func (e *Engine) openCodebases(owner tree.Owner) (*codebase.Store, error) {
	opts := []codebase.Option{codebase.WithTrash(e.bin.throw)}
	if !e.metadata.Durable() {
		opts = append(opts, codebase.WithoutSync())
	}
	return codebase.Open(e.metadata.DB(), e.path("codebases"), owner, opts...)
}

// Codebases are the codebases of the state directory.
func (e *Engine) Codebases() *codebase.Store { return e.codebases }
