// SPDX-License-Identifier: MIT

// Package metrics counts what a server does, for Prometheus.
package metrics
