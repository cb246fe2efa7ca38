// SPDX-License-Identifier: MIT

package docker

import (
	"os"
	"testing"
)

func TestOwner(t *testing.T) {
	me, err := self()
	if err != nil {
		t.Fatal(err)
	}
	same, ok := parseOwner(me.String())
	if !ok || same != me || same.dead() {
		t.Errorf("got %+v, %v of %+v", same, ok, me)
	}
	for name, change := range map[string]func(*owner){
		"another boot":           func(o *owner) { o.boot = "x" },
		"another of that number": func(o *owner) { o.began = "1" },
		"no process":             func(o *owner) { o.pid = 1 << 30 },
	} {
		o := me
		if change(&o); !o.dead() {
			t.Errorf("%s: it lives", name)
		}
	}
	o := me
	if o.namespace, o.pid = "1", 1<<30; o.dead() {
		t.Error("one of another namespace was judged")
	}
	for _, s := range []string{"", "a.b.c", "a.b.x.d", "a.b.-1.d", "a.b.1.d.e"} {
		if _, ok := parseOwner(s); ok {
			t.Errorf("%q was taken for an owner", s)
		}
	}
}

func TestStatic(t *testing.T) {
	for _, path := range []string{"/bin/sh", os.DevNull, "/no/such/file"} {
		if err := static(path); err == nil {
			t.Errorf("%s can be an init", path)
		}
	}
}
