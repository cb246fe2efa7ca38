// SPDX-License-Identifier: MIT

package tarfile

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// paxRecords are the extended header of an entry.
type paxRecords map[string]string

// parsePax parses records of the form "LENGTH KEY=VALUE\n", whose length counts
// all of it.
func parsePax(s string) (paxRecords, error) {
	records := paxRecords{}
	for s != "" {
		digits, _, ok := strings.Cut(s, " ")
		n, err := strconv.ParseUint(digits, 10, 31)
		if !ok || err != nil || n > uint64(len(s)) || int(n) < len(digits)+3 || s[n-1] != '\n' {
			return nil, ErrFormat
		}
		key, value, ok := strings.Cut(s[len(digits)+1:n-1], "=")
		if !ok || key == "" {
			return nil, ErrFormat
		}
		if strings.HasPrefix(key, "GNU.sparse.") {
			return nil, ErrSparse
		}
		records[key] = value
		s = s[n:]
	}
	return records, nil
}

// apply changes a header as the records say.
func (p paxRecords) apply(h *Header) error {
	for key, value := range p {
		if value == "" {
			continue // the header's own counts
		}
		var err error
		switch key {
		case "path":
			h.Name = value
		case "linkpath":
			h.Link = value
		case "size":
			h.Size, err = strconv.ParseInt(value, 10, 64)
		case "mtime":
			h.ModTime, err = parseTime(value)
		}
		if err != nil || h.Size < 0 {
			return ErrFormat
		}
	}
	return nil
}

// parseTime parses seconds with a fraction to nanoseconds.
func parseTime(s string) (int64, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return 0, ErrFormat
	}
	digits := (fraction + "000000000")[:9]
	if strings.Trim(fraction, "0123456789") != "" {
		return 0, ErrFormat
	}
	nanos, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, ErrFormat
	}
	if strings.HasPrefix(s, "-") {
		nanos = -nanos
	}
	return nanoseconds(seconds, nanos), nil
}

// nanoseconds joins the parts of a time, as near as can be expressed.
func nanoseconds(seconds, nanos int64) int64 {
	const most = math.MaxInt64/int64(time.Second) - 1
	return min(max(seconds, -most), most)*int64(time.Second) + nanos
}

// formatTime is the reverse of parseTime.
func formatTime(nanos int64) string {
	sign := ""
	if nanos < 0 {
		sign, nanos = "-", -nanos
	}
	s := sign + strconv.FormatInt(nanos/int64(time.Second), 10)
	if f := nanos % int64(time.Second); f != 0 {
		digits := strconv.FormatInt(f, 10)
		s += "." + strings.TrimRight(strings.Repeat("0", 9-len(digits))+digits, "0")
	}
	return s
}

// paxRecord formats one record.
func paxRecord(key, value string) string {
	rest := " " + key + "=" + value + "\n"
	n := len(rest)
	for n != len(rest)+len(strconv.Itoa(n)) {
		n = len(rest) + len(strconv.Itoa(n))
	}
	return strconv.Itoa(n) + rest
}
