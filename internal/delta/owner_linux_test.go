// SPDX-License-Identifier: MIT

package delta_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// TestOwners looks whose the files are that root makes for others.
func TestOwners(t *testing.T) {
	agent, other := tree.Owner{UID: 1000, GID: 1001}, tree.Owner{UID: 2000, GID: 2001}
	dir := t.TempDir()
	d := dirs(t, dir, "upper", "lower")
	// Also the root of a user namespace may not: it has no other users there (EINVAL).
	err := os.Chown(d[0], agent.UID, agent.GID)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) {
		t.Skip("needs the host's root")
	}
	must(t, err)
	l := delta.Layers{Upper: d[0], Open: dir + "/open", Lower: d[1:]}
	put(t, l.Lower[0]+"/old/file", "")
	f := fileOf(t, "of the caller")
	info, err := f.Stat()
	must(t, err)

	b, err := delta.OpenBase(l, agent)
	must(t, err)
	for path, s := range map[string]delta.PutSpec{
		"/old/new": {Mode: 0o644}, "/a/b/file": {Mode: 0o600}, "/link": {Mode: fs.ModeSymlink, Link: "x"}, "/dir": {Mode: fs.ModeDir | 0o755},
		"/old/file": {Gone: true}, "/shared": {File: f, Share: true, Mode: info.Mode(), ModTime: info.ModTime().UnixNano()},
	} {
		must(t, b.Put(path, s))
	}
	must(t, b.Close())
	must(t, delta.Promote(l, agent))
	must(t, delta.Merge([]string{l.Open}, dir+"/merged"))
	must(t, delta.Copy(context.Background(), dir+"/kept", l.Upper, tree.Caller))
	must(t, delta.Copy(context.Background(), dir+"/given", l.Upper, other))
	for top, want := range map[string]tree.Owner{"open": agent, "upper": agent, "merged": agent, "kept": agent, "given": other} {
		files := 0
		err := filepath.WalkDir(dir+"/"+top, func(name string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			files++
			var st unix.Stat_t
			if err := unix.Lstat(name, &st); err != nil {
				return err
			}
			if int(st.Uid) != want.UID || int(st.Gid) != want.GID {
				t.Errorf("%s: %d:%d", name, st.Uid, st.Gid)
			}
			return nil
		})
		must(t, err)
		if files < 5 {
			t.Errorf("%s: %d files", top, files)
		}
	}
}
