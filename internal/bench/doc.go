// SPDX-License-Identifier: MIT

// Bench measures sandboxes against the same commands outside, in one run and
// in turns, so that a noisy machine is noisy to both, and writes what it finds
// into docs/benchmarks.md.
//
//	go run ./internal/bench [-quick] [-only REGEXP] [-dir DIR] [-out FILE] [-save FILE] [-add FILE]...
//
// -quick and -only print what they find, and write no file (-quick does if -out names one).
// It works in a directory of its own beneath DIR, which it removes. DIR must not
// be on overlayfs. Containers and the server are measured by programs of their own, with
// the build tags docker and server, which -save what -add puts into the page: see
// hack/bench.sh.
package main
