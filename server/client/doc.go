// SPDX-License-Identifier: MIT

// Package client is a sandbox.Service by a server on this machine or another.
//
//	svc, err := client.Dial("http://localhost:9000", client.WithToken(token))
//	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithService(svc))
package client
