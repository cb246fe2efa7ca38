// SPDX-License-Identifier: MIT

// Package sandboxv1 has the messages of the protocol, generated from proto/sandbox/v1.
// Programs use server/client, or a client of Connect or gRPC of their own.
package sandboxv1
