// SPDX-License-Identifier: MIT

//go:build !linux

package engine

const nonblock = 0
