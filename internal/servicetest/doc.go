// SPDX-License-Identifier: MIT

// Package servicetest is what every sandbox.Service has to do: what its methods
// give, what repeating them does, and that they may be called at once. The manager
// passes it, and so does whatever stands between a caller and a manager.
package servicetest
