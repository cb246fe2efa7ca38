// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	sandbox "github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/fsguard"
)

func TestPermissionRuleJSON(t *testing.T) {
	var r sandbox.Rule
	if err := json.Unmarshal([]byte(`{"pattern":"/docs/","permission":"write","type":"directory"}`), &r); err != nil {
		t.Fatal(err)
	}
	if want := (sandbox.Rule{Pattern: "/docs/", Permission: sandbox.Write, Type: sandbox.Directory}); r != want {
		t.Errorf("got %+v, want %+v", r, want)
	}
}

func TestPermissionValidateRules(t *testing.T) {
	_, err := sandbox.ValidateRules([]sandbox.Rule{{Pattern: "/a"}, {Pattern: "/../b"}})
	var re *fsguard.RuleError
	if !errors.As(err, &re) || re.Index != 1 {
		t.Errorf("got %v", err)
	}
}

func ExampleValidateRules() {
	warnings, err := sandbox.ValidateRules([]sandbox.Rule{
		{Pattern: "**/*", Permission: sandbox.Read},
		{Pattern: "*.key", Permission: sandbox.None},
	})
	fmt.Println(err)
	for _, w := range warnings {
		fmt.Println(w)
	}
	// Output:
	// <nil>
	// rule 1, pattern "*.key": matches in the top directory only; for every level write "**/*.key"
}
