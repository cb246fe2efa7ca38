// SPDX-License-Identifier: MIT

package oracle_test

import (
	"fmt"
	"go/parser"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/oracle"
)

// cases are fewer than the acceptance suite draws for all kinds of sandboxes.
func cases(t *testing.T, seed uint64) []oracle.Case {
	t.Helper()
	var all []oracle.Case
	for i := range uint64(1000) {
		all = append(all, oracle.Random(seed, i, "/000", true))
	}
	return all
}

// differs is what the acceptance suite asks of a sandbox that has a mutant's
// mistake.
func differs(c oracle.Case, m oracle.Mutant) bool {
	return !reflect.DeepEqual(c.Expect(), c.ExpectBy(m))
}

// TestMutants plants each mistake: the cases find it, whatever the seed, and
// what they find becomes small.
func TestMutants(t *testing.T) {
	for seed := range uint64(2) {
		all := cases(t, seed)
		for m := oracle.Mutant(1); m < oracle.Mutants; m++ {
			t.Run(fmt.Sprintf("seed %d, mutant %d", seed, m), func(t *testing.T) {
				i := slices.IndexFunc(all, func(c oracle.Case) bool { return differs(c, m) })
				if i < 0 {
					t.Fatal("no case finds it")
				}
				small := oracle.Shrink(all[i], 2000, func(c oracle.Case) bool { return differs(c, m) })
				if n := len(small.Ops) + len(small.Rules) + len(small.Tree); n > 12 || !differs(small, m) {
					t.Errorf("of %d parts, and differs: %v\n%#v", n, differs(small, m), small)
				}
			})
		}
	}
}

// TestReach sees to it that the cases try something: each call succeeds and
// fails, and each error comes about.
func TestReach(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(2) {
		for _, c := range cases(t, seed) {
			for i, r := range c.Expect().Results {
				if strings.ToUpper(r) != r || r == oracle.Unknown || r == "" || r[0] != 'E' {
					r = "ok"
				}
				seen[r]++
				seen[c.Ops[i].Call+" "+r]++
			}
		}
	}
	for _, want := range []string{
		"ok", "EACCES", "EROFS", "ENOENT", "EEXIST", "ENOTDIR", "EISDIR", "ELOOP", "ENOTEMPTY", "EXDEV", "EPERM", "EINVAL", "EBADF", "EBUSY", "ENODATA",
		"rename EROFS", "rename EXDEV", "rename ok", "renameat2 ok", "link ok", "link EROFS", "open ok", "open EROFS", "open EACCES", "open ELOOP",
		"mkdir ok", "mkdir EROFS", "rmdir ok", "rmdir EROFS", "rmdir ENOTEMPTY", "unlink ok", "unlink EROFS", "symlink ok", "symlink EROFS",
		"truncate ok", "ftruncate ok", "write ok", "pwrite ok", "readn ok", "chmod ok", "chmod EROFS", "fchmod ok", "fchmod EROFS",
		"utimens EROFS", "setxattr ok", "setxattr EROFS", "mknod EPERM", "mknod EROFS", "access EROFS", "chdir ok", "getcwd ENOENT",
	} {
		if seen[want] == 0 {
			t.Errorf("%s never comes about", want)
		}
	}
}

// TestRandomAgain draws a case twice.
func TestRandomAgain(t *testing.T) {
	for i := range uint64(50) {
		a, b := oracle.Random(7, i, "", false), oracle.Random(7, i, "", false)
		if !reflect.DeepEqual(a, b) || !reflect.DeepEqual(a.Expect(), b.Expect()) {
			t.Fatalf("case %d is another the second time", i)
		}
		if a.Expect().Invalid {
			t.Errorf("case %d leads out of what the model knows", i)
		}
	}
}

// TestShrink leaves what a failure needs, and nothing else.
func TestShrink(t *testing.T) {
	c := oracle.Random(1, 2, "", false)
	c.Tree = append(c.Tree, oracle.Source{Path: "/needed", Kind: oracle.File, Mode: 0o644})
	c.Rules = append(c.Rules, fsguard.Rule{Pattern: "/needed", Priority: 7})
	c.Ops = append(c.Ops, oracle.Op{Call: "stat", Path: "@/needed/"}, oracle.Op{Call: "getcwd"})
	asked := 0
	small := oracle.Shrink(c, 1000, func(c oracle.Case) bool {
		asked++
		return slices.ContainsFunc(c.Ops, func(o oracle.Op) bool { return o.Path == "@/needed/" || o.Path == "@/needed" }) &&
			slices.ContainsFunc(c.Rules, func(r fsguard.Rule) bool { return r.Pattern == "/needed" }) &&
			slices.ContainsFunc(c.Tree, func(s oracle.Source) bool { return s.Path == "/needed" })
	})
	want := oracle.Case{
		Tree:  []oracle.Source{{Path: "/needed", Kind: oracle.File, Mode: 0o644}},
		Rules: []fsguard.Rule{{Pattern: "/needed"}},
		Ops:   []oracle.Op{{Call: "stat", Path: "@/needed"}},
	}
	if !reflect.DeepEqual(small, want) {
		t.Errorf("%#v", small)
	}
	if asked > 1000 {
		t.Errorf("asked %d times", asked)
	}
}

// TestGoString is for what is pasted into a table.
func TestGoString(t *testing.T) {
	for i := range uint64(20) {
		c := oracle.Random(3, i, "", false)
		if _, err := parser.ParseExpr("[]Case" + "{" + strings.TrimSpace(c.GoString()) + "}"); err != nil {
			t.Fatalf("%v:\n%#v", err, c)
		}
	}
}
