// SPDX-License-Identifier: MIT

// Bench measures sandboxes against the same commands outside, in one run and
// in turns, so that a noisy machine is noisy to both, and writes what it finds
// into docs/benchmarks.md.
//
//	go run ./internal/bench [-quick] [-only REGEXP] [-dir DIR] [-out FILE]
//
// -quick and -only print what they find, and write no file. It works in a directory of its own beneath DIR, which it removes. DIR must not
// be on overlayfs.
package main
