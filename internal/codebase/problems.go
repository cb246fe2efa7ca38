// SPDX-License-Identifier: MIT

package codebase

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// The kinds of a stored problem. What is neither an errno nor one of ours is
// kept as its text.
const (
	problemErrno byte = iota
	problemSpecial
	problemPath
	problemText
)

// encodeProblems keeps what can be told of errors after the process that had
// them.
func encodeProblems(problems []tree.Problem) []byte {
	var e encoder
	e.uint(uint64(len(problems)))
	for _, p := range problems {
		e.string(p.Path)
		op := "import"
		var at *fs.PathError
		if errors.As(p.Err, &at) {
			op = at.Op
		}
		e.string(op)
		var errno syscall.Errno
		switch {
		case errors.As(p.Err, &errno):
			e.byte(problemErrno)
			e.uint(uint64(errno))
		case errors.Is(p.Err, ErrSpecial):
			e.byte(problemSpecial)
		case errors.Is(p.Err, ErrInvalidPath):
			e.byte(problemPath)
		default:
			e.byte(problemText)
			if at != nil {
				e.string(at.Err.Error())
			} else {
				e.string(p.Err.Error())
			}
		}
	}
	return e
}

func decodeProblems(b []byte) ([]tree.Problem, error) {
	d := decoder{rest: b}
	var problems []tree.Problem
	for n := d.uint(); n > 0 && d.err == nil; n-- {
		path, op := d.string(), d.string()
		var err error
		switch d.byte() {
		case problemErrno:
			err = syscall.Errno(d.uint())
		case problemSpecial:
			err = ErrSpecial
		case problemPath:
			err = ErrInvalidPath
		default:
			err = errors.New(d.string())
		}
		problems = append(problems, tree.Problem{Path: path, Err: pathError(op, path, err)})
	}
	return problems, d.err
}
