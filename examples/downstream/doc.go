// SPDX-License-Identifier: MIT

// Package downstream is a module of somebody else's that tests what an agent may do
// by importing the sandbox, and needs nothing besides: no daemon, no root, no
// program to be installed, no TestMain.
package downstream
