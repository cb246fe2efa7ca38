// SPDX-License-Identifier: MIT

// Package size has numbers of bytes as people write them, as flags take them.
package size

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes. It is a pflag.Value.
type Size int64

// String is what Set takes.
func (s *Size) String() string {
	if *s == 0 {
		return ""
	}
	n, unit := int64(*s), ""
	for i := 0; n%1024 == 0 && i < len("KMGT"); i++ {
		n, unit = n/1024, "KMGT"[i:i+1]
	}
	return strconv.FormatInt(n, 10) + unit
}

// Type is the name of the flag's value in help texts.
func (*Size) Type() string { return "size" }

// Set parses a number with an optional unit: K, M, G or T, of 1024 each, with
// or without "B" or "iB".
func (s *Size) Set(text string) error {
	number := strings.TrimSpace(text)
	for _, suffix := range []string{"iB", "ib", "B", "b"} {
		number = strings.TrimSuffix(number, suffix)
	}
	shift := 0
	if number != "" {
		if i := strings.IndexByte("KMGT", number[len(number)-1]&^0x20); i >= 0 {
			number, shift = number[:len(number)-1], 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return fmt.Errorf("not a size: %q; write a number with K, M, G or T", text)
	}
	*s = Size(n << shift)
	return nil
}
