// SPDX-License-Identifier: MIT

// Package server serves a sandbox.Service to clients on other machines and in
// other languages: by Connect, gRPC and gRPC-Web on one port, and by REST.
package server

//go:generate ../hack/proto.sh
