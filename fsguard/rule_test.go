// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
)

func TestRuleValidate(t *testing.T) {
	for _, tc := range []struct {
		rule fsguard.Rule
		want error
	}{
		{glob("/a/**", read), nil},
		{glob("*.{key,pem}", none), nil},
		{glob("/", none), nil},
		{glob("//a///b/", none), nil},
		{glob("/a..b/.c/...", none), nil},
		{glob("", none), fsguard.ErrBadPattern},
		{glob("/a\x00", none), fsguard.ErrBadPattern},
		{glob("/a/../b", none), fsguard.ErrBadPattern},
		{glob("./a", none), fsguard.ErrBadPattern},
		{dir("..", none), fsguard.ErrBadPattern},
		{glob("/[a", none), fsguard.ErrBadPattern},
		{glob("/{a", none), fsguard.ErrBadPattern},
		{glob("/a}", none), fsguard.ErrBadPattern},
		{glob(`/a\`, none), fsguard.ErrBadPattern},
		{glob(`/a\/`, none), fsguard.ErrBadPattern},
		{glob(strings.Repeat("{a,b}", 20), none), fsguard.ErrBadPattern},
		{glob(strings.Repeat("a", 5000), none), fsguard.ErrBadPattern},
		{dir("/[a", none), nil},
		{file(`/a\`, none), nil},
		{fsguard.Rule{Pattern: "/a", Type: 3}, fsguard.ErrBadPatternType},
		{fsguard.Rule{Pattern: "/a", Permission: 4}, fsguard.ErrBadPermission},
	} {
		if err := tc.rule.Validate(); !errors.Is(err, tc.want) {
			t.Errorf("%+v: %v, want %v", tc.rule, err, tc.want)
		}
	}
}

func TestRuleJSON(t *testing.T) {
	want := fsguard.Rule{Pattern: "/docs/", Type: fsguard.Directory, Permission: write, Priority: 7}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if s := `{"pattern":"/docs/","type":"directory","permission":"write","priority":7}`; string(b) != s {
		t.Errorf("got %s", b)
	}
	var got fsguard.Rule
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := json.Unmarshal([]byte(`{"permission":"all"}`), &got); !errors.Is(err, fsguard.ErrBadPermission) {
		t.Errorf("unknown level: %v", err)
	}
	if err := json.Unmarshal([]byte(`{"type":"regexp"}`), &got); !errors.Is(err, fsguard.ErrBadPatternType) {
		t.Errorf("unknown type: %v", err)
	}
}

func TestPermissionText(t *testing.T) {
	for p := none; p <= write; p++ {
		if got, err := fsguard.ParsePermission(strings.ToUpper(p.String())); got != p || err != nil {
			t.Errorf("%v: %v, %v", p, got, err)
		}
	}
	if _, err := fsguard.Permission(9).MarshalText(); !errors.Is(err, fsguard.ErrBadPermission) {
		t.Error(err)
	}
	if s := fsguard.Permission(9).String() + fsguard.PatternType(9).String(); s != "permission(9)patterntype(9)" {
		t.Error(s)
	}
}
