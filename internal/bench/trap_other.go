// SPDX-License-Identifier: MIT

//go:build !linux

package main

import "errors"

const trapArg = "-become-trapped"

func becomeTrapped(string) error { return errors.ErrUnsupported }

func (h *host) trapped(string, string, bool) (string, error) { return "", errors.ErrUnsupported }
