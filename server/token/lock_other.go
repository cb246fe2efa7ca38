// SPDX-License-Identifier: MIT

//go:build !unix

package token

import (
	"errors"
	"os"
)

func lock(string) (func(), error) { return nil, errors.ErrUnsupported }

func inherit(*os.File, string) error { return nil }
