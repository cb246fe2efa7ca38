// SPDX-License-Identifier: MIT

package server

import (
	"bufio"
	"io"
)

// buffered has something written in large pieces.
func buffered(w io.Writer, write func(io.Writer) error) error {
	b := bufio.NewWriterSize(w, chunkSize)
	if err := write(b); err != nil {
		return err
	}
	return b.Flush()
}
