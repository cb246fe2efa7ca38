// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	sandbox "github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/fsguard"
)

func level(t *testing.T, rules []sandbox.Rule, path string) sandbox.Permission {
	t.Helper()
	p, err := fsguard.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return p.Level(path)
}

func TestPresetLevels(t *testing.T) {
	secrets := []string{
		"/.env", "/a/.env.local", "/a/b.key", "/b.pem", "/credentials.json", "/a/secrets", "/secrets/x/y", "/home/id_rsa",
		"/id_rsa.pub", "/id_ed25519", "/a.p12", "/a.pfx", "/.netrc", "/x/.npmrc", "/.pypirc", "/.aws", "/.aws/config",
		"/.ssh/known_hosts", "/.kube/config", "/.docker/config.json", "/output/.env", "/tmp/a/b.key", "/output/secrets/x",
	}
	for name, want := range map[string]map[string]sandbox.Permission{
		"agent-safe": {
			"/": sandbox.Read, "/main.go": sandbox.Read, "/output": sandbox.Write, "/output/a/b": sandbox.Write, "/tmp/x": sandbox.Write,
			"/.git": sandbox.None, "/a/.git/config": sandbox.None, "/output/.git/x": sandbox.None, "/.gitignore": sandbox.Read,
			"/a/output/x": sandbox.Read, "/.docker/x": sandbox.Read, "/*secrets*": sandbox.Read,
		},
		"read-only":   {"/": sandbox.Read, "/.env": sandbox.Read, "/output/x": sandbox.Read},
		"full-access": {"/": sandbox.Write, "/.env": sandbox.Write, "/.git/config": sandbox.Write},
		"development": {"/": sandbox.Write, "/a/b": sandbox.Write, "/.git": sandbox.Write, "/.git/config": sandbox.Write},
		"view-only":   {"/": sandbox.View, "/.env": sandbox.View, "/a/b": sandbox.View},
	} {
		rules, err := sandbox.GetPreset(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "agent-safe" || name == "development" {
			for _, s := range secrets {
				want[s] = sandbox.None
			}
		}
		for path, p := range want {
			if got := level(t, rules, path); got != p {
				t.Errorf("%s: %q is %v, want %v", name, path, got, p)
			}
		}
		if warnings, err := sandbox.ValidateRules(rules); err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", name, warnings, err)
		}
	}
}

func TestPresetWritePrefixes(t *testing.T) {
	rules, _ := sandbox.GetPreset(sandbox.DefaultPreset)
	p, err := fsguard.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.WritePrefixes(); !slices.Equal(got, []string{"/output", "/tmp"}) {
		t.Errorf("got %v", got)
	}
}

func TestPresetUnknown(t *testing.T) {
	_, err := sandbox.GetPreset("agent-save")
	if !errors.Is(err, sandbox.ErrPresetNotFound) || !strings.Contains(err.Error(), "agent-safe, development") {
		t.Errorf("got %v", err)
	}
	if _, err := sandbox.ExtendPreset("nothing", nil, nil); !errors.Is(err, sandbox.ErrPresetNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestPresetIsACopy(t *testing.T) {
	a, _ := sandbox.GetPreset("agent-safe")
	a[0].Permission = sandbox.Write
	b, _ := sandbox.GetPreset("agent-safe")
	if b[0].Permission != sandbox.Read {
		t.Error("a preset can be changed through what GetPreset returned")
	}
}

func TestPresetExtend(t *testing.T) {
	additions := []sandbox.Rule{{Pattern: "/custom/**", Permission: sandbox.Write}, {Pattern: "/deep/**", Permission: sandbox.View, Priority: 500}}
	overrides := []sandbox.Rule{
		{Pattern: "/config/.env", Permission: sandbox.Read, Priority: -3},
		{Pattern: "/deep/**", Permission: sandbox.Write, Priority: -4},
	}
	rules, err := sandbox.ExtendPreset("agent-safe", additions, overrides)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]sandbox.Permission{
		"/custom/x": sandbox.Write, "/custom/.env": sandbox.None, "/config/.env": sandbox.Read, "/.env": sandbox.None, "/deep/x": sandbox.Write,
	} {
		if got := level(t, rules, path); got != want {
			t.Errorf("%q is %v, want %v", path, got, want)
		}
	}
	if overrides[0].Priority != -3 {
		t.Error("the caller's overrides were changed")
	}
	n := len(rules)
	if o := rules[n-2:]; o[0].Priority != 502 || o[1].Priority != 501 {
		t.Errorf("overrides have the priorities %d and %d", o[0].Priority, o[1].Priority)
	}
	if a := rules[n-4]; a != additions[0] {
		t.Errorf("an addition became %+v", a)
	}
}

func TestPresetExtendErrors(t *testing.T) {
	bad := []sandbox.Rule{{Pattern: "["}}
	if _, err := sandbox.ExtendPreset("read-only", bad, nil); !errors.Is(err, fsguard.ErrBadPattern) {
		t.Errorf("got %v", err)
	}
	top := []sandbox.Rule{{Pattern: "/a", Priority: math.MaxInt}}
	if _, err := sandbox.ExtendPreset("read-only", top, top); err == nil {
		t.Error("an override cannot beat the highest priority")
	}
	wide := []sandbox.Rule{{Pattern: "/a", Priority: math.MaxInt}, {Pattern: "/b", Priority: math.MinInt}}
	if _, err := sandbox.ExtendPreset("read-only", nil, wide); err == nil {
		t.Error("the overrides' priorities do not fit above the preset's")
	}
}

// registrations makes a new name for each run of the test in one process.
var registrations atomic.Int32

func TestPresetRegister(t *testing.T) {
	rules := []sandbox.Rule{{Pattern: "/x/**", Permission: sandbox.Read}}
	name := fmt.Sprintf("test-register-%d", registrations.Add(1))
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch err := sandbox.RegisterPreset(name, rules); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, sandbox.ErrPresetExists):
				t.Errorf("got %v", err)
			}
			sandbox.ListPresets()
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d registrations of one name succeeded", won.Load())
	}
	rules[0].Permission = sandbox.Write
	got, err := sandbox.GetPreset(name)
	if err != nil || got[0].Permission != sandbox.Read {
		t.Errorf("got %v, %v", got, err)
	}
	if names := sandbox.ListPresets(); !slices.IsSorted(names) || !slices.Contains(names, name) {
		t.Errorf("got %v", names)
	}
	if err := sandbox.RegisterPreset("agent-safe", rules); !errors.Is(err, sandbox.ErrPresetExists) {
		t.Errorf("built-in name: %v", err)
	}
	if err := sandbox.RegisterPreset("test-bad", []sandbox.Rule{{}}); !errors.Is(err, fsguard.ErrBadPattern) {
		t.Errorf("bad rules: %v", err)
	}
}

func ExampleExtendPreset() {
	rules, err := sandbox.ExtendPreset("agent-safe",
		[]sandbox.Rule{{Pattern: "/custom/**", Permission: sandbox.Write}},
		[]sandbox.Rule{{Pattern: "/config/.env", Permission: sandbox.Read}},
	)
	if err != nil {
		panic(err)
	}
	policy, err := fsguard.Compile(rules)
	if err != nil {
		panic(err)
	}
	for _, path := range []string{"/main.go", "/custom/a", "/custom/.env", "/config/.env"} {
		fmt.Println(path, policy.Level(path))
	}
	// Output:
	// /main.go read
	// /custom/a write
	// /custom/.env none
	// /config/.env read
}
