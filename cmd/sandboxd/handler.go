// SPDX-License-Identifier: MIT

package main

import (
	"net/http"

	"github.com/sandbox-rls/sandbox"
)

// newHandler is what is served.
func newHandler(sandbox.Service) http.Handler { return http.NewServeMux() }
