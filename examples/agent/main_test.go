// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestAgent(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err, out.String())
	}
	for _, want := range []string{
		"/price.py (write)\n    /test_price.py (read)\n",
		"AssertionError",
		"read_file(.env)\n    error: no such file\n",
		"write_file(test_price.py)\n    error: not allowed\n",
		"exit code 0\n    ok\n",
		"+    return sum(prices) * (1 - discount)\n",
		"committed: modified /price.py\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "sk-live") {
		t.Error("the model has seen the secret")
	}
}
