// SPDX-License-Identifier: MIT

package main

import (
	"strconv"

	"github.com/spf13/pflag"
)

// choice is a flag that the user may leave to the program.
type choice struct{ given, value bool }

func (c *choice) add(fs *pflag.FlagSet, name, short, usage string) {
	fs.VarPF(c, name, short, usage).NoOptDefVal = "true"
}

// or is what the user chose, or else what the program would.
func (c *choice) or(auto bool) bool {
	if c.given {
		return c.value
	}
	return auto
}

// Set makes choice a flag, with String and Type.
func (c *choice) Set(text string) error {
	v, err := strconv.ParseBool(text)
	if err != nil {
		return usagef("want true or false")
	}
	c.given, c.value = true, v
	return nil
}

func (c *choice) String() string { return "" }

// Type is what help calls the value: nothing, as for other flags of this kind.
func (c *choice) Type() string { return "bool" }
