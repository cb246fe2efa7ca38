// SPDX-License-Identifier: MIT

package engine

import (
	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

func (e *Engine) openCodebases(owner tree.Owner) (*codebase.Store, error) {
	return codebase.Open(e.metadata.DB(), e.path("codebases"), owner)
}

// Codebases are the codebases of the state directory.
func (e *Engine) Codebases() *codebase.Store { return e.codebases }
