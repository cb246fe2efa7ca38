// SPDX-License-Identifier: MIT

package metadata_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/sandbox-rls/sandbox/internal/metadata"
)

// filled makes a store that has something of everything: a tree of pages, values
// longer than a page, an empty bucket, one in another, and free pages. It returns
// what its file holds.
func filled(t testing.TB) []byte {
	dir := t.TempDir()
	s := open(t, dir)
	s.DB().NoSync = true // nobody pulls the plug
	table, err := s.Table("things")
	must(t, err)
	_, err = s.Table("nothing")
	must(t, err)
	for i := range 300 {
		r := row(fmt.Sprintf("row%d", i), fmt.Sprint(i%3), i)
		r.Doc = []byte(strings.Repeat("x", i*i%2500))
		must(t, table.Put(r))
	}
	for i := range 100 {
		must(t, table.Delete(fmt.Sprintf("row%d", i*3)))
	}
	must(t, s.DB().Update(func(tx *bolt.Tx) error {
		outer, err := tx.CreateBucketIfNotExists([]byte("outer"))
		must(t, err)
		inner, err := outer.CreateBucketIfNotExists([]byte("inner"))
		must(t, err)
		return inner.Put([]byte("k"), []byte("v"))
	}))
	must(t, s.Close())
	b, err := os.ReadFile(filepath.Join(dir, "state.db"))
	must(t, err)
	return b
}

// reopen opens a store whose file holds b, and reads all of it. Only an error may
// come of that, and the file stays as it is.
func reopen(t testing.TB, dir string, b []byte) error {
	t.Helper()
	path := filepath.Join(dir, "state.db")
	must(t, os.WriteFile(path, b, 0o600))
	s, err := metadata.Open(dir)
	if err != nil {
		if after, rerr := os.ReadFile(path); rerr != nil || !bytes.Equal(after, b) {
			t.Fatalf("the file was changed: %v", rerr)
		}
		if !errors.Is(err, metadata.ErrDamaged) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "another state directory") {
			t.Fatal(err)
		}
		return err
	}
	use(t, s)
	return nil
}

// use reads all of a store, changes it, and closes it.
func use(t testing.TB, s *metadata.Store) {
	t.Helper()
	s.DB().NoSync = true
	sound(t, s)
	for _, name := range []string{"things", "nothing"} {
		table, err := s.Table(name)
		if err != nil {
			continue
		}
		var ids []string
		_ = table.Scan("1", "", func(metadata.Row) bool { return true })
		_ = table.Scan("", "", func(r metadata.Row) bool {
			ids = append(ids, r.ID)
			return true
		})
		_ = table.Put(row("new", "1", 1))
		for _, id := range ids[:min(len(ids), 3)] {
			_ = table.Delete(id)
		}
	}
	sound(t, s)
	must(t, s.Close())
}

// sound has bbolt look for damages.
func sound(t testing.TB, s *metadata.Store) {
	t.Helper()
	must(t, s.DB().View(func(tx *bolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("it was opened, and is damaged: %v", err)
		}
		return nil
	}))
}

func TestTruncated(t *testing.T) {
	whole, dir := filled(t), t.TempDir()
	must(t, reopen(t, dir, whole))
	opened := 0
	for n := 1; n < len(whole); n += 1 + n/16 {
		if reopen(t, dir, whole[:n]) == nil {
			opened++ // what was cut off was not in use
		}
	}
	if reopen(t, dir, whole[:len(whole)/2]) == nil || opened > 20 {
		t.Errorf("opened when half of it was gone, and %d times else", opened)
	}
}

// TestGarbage has a part of the file, or a few bytes of it, be anything.
func TestGarbage(t *testing.T) {
	whole, dir := filled(t), t.TempDir()
	rnd := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 600 {
		b := bytes.Clone(whole)
		at, n := rnd.IntN(len(b)), 1+rnd.IntN(8)
		switch rnd.IntN(4) {
		case 0: // a page, or several
			at, n = at&^4095, 4096*(1+rnd.IntN(3))
		case 1: // a header, or the first elements
			at = at&^4095 + rnd.IntN(64)
		case 2: // one page in the place of another
			copy(b[at&^4095:], whole[rnd.IntN(len(b))&^4095:][:4096])
			n = 0
		}
		for i := at; i < min(at+n, len(b)); i++ {
			b[i] = byte(rnd.Uint32())
		}
		for _, page := range []int{0, 4096} { // bbolt does not look at these two headers
			copy(b[page:page+16], whole[page:])
		}
		if reopen(t, dir, b) != nil {
			found++
		}
	}
	if found < 50 {
		t.Errorf("%d damages were found", found)
	}
	for _, text := range []string{"x", strings.Repeat("no database", 4096), strings.Repeat("\x00", 1<<16)} {
		if reopen(t, dir, []byte(text)) == nil {
			t.Error("it was opened")
		}
	}
}

// TestFirstPages has one of the two first pages, whose sums are right, say what bbolt
// believes and cannot cope with.
func TestFirstPages(t *testing.T) {
	whole, dir := filled(t), t.TempDir()
	const pageSize, freelist, txid = 16 + 8, 16 + 32, 16 + 48
	for _, tt := range []struct {
		name  string
		at    int
		value []byte
		opens bool
	}{
		{"as it was", pageSize, []byte{0, 0x10}, true},
		{"pages of 768 bytes", pageSize, []byte{0, 3}, false},
		{"pages of no bytes", pageSize, []byte{0, 0}, false},
		{"pages of 2048 bytes", pageSize, []byte{0, 8}, false},
		{"pages of 2 GiB", pageSize, []byte{0, 0, 0, 0x80}, false},
		{"other pages in the second", 4096 + pageSize, []byte{0, 8}, false},
		{"the list of free pages from its first day", freelist, []byte{2, 0, 0, 0, 0, 0, 0, 0}, false},
		{"the last transaction of all", txid, bytes.Repeat([]byte{0xff}, 8), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := bytes.Clone(whole)
			copy(b[tt.at:], tt.value)
			sign(b)
			if err := reopen(t, dir, b); (err == nil) != tt.opens {
				t.Error(err)
			}
		})
	}
	t.Run("the first is lost", func(t *testing.T) {
		b := bytes.Clone(whole)
		clear(b[16:80])
		if err := reopen(t, dir, b); err != nil {
			t.Error(err)
		}
		copy(b[4096+pageSize:], []byte{0, 8})
		sign(b[4096:])
		if reopen(t, dir, b) == nil {
			t.Error("the second has pages of another size, and it was opened")
		}
	})
}

// TestMisleadingPages has pages be such as bbolt reads, but takes for others when it
// writes.
func TestMisleadingPages(t *testing.T) {
	whole, dir := filled(t), t.TempDir()
	path := filepath.Join(t.TempDir(), "state.db")
	must(t, os.WriteFile(path, whole, 0o600))
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, PreLoadFreelist: true})
	must(t, err)
	pages := map[string][]int{}
	must(t, db.View(func(tx *bolt.Tx) error {
		for id := 2; id < len(whole)/4096; id++ {
			if page, err := tx.Page(id); err == nil && page != nil {
				pages[page.Type] = append(pages[page.Type], id)
			}
		}
		return nil
	}))
	must(t, db.Close())
	branch := 4096 * pages["branch"][0] // an element is where its key is, the key's size, and the page
	child := 4096 * int(binary.NativeEndian.Uint64(whole[branch+16+8:]))
	key := branch + 16 + int(binary.NativeEndian.Uint32(whole[branch+16:]))
	inline := -1
	for _, id := range pages["leaf"] {
		if at := bytes.Index(whole[4096*id:4096*(id+1)], []byte("nothing\x00")); at >= 0 {
			inline = 4096*id + at + len("nothing") + 16 // after the bucket's header
		}
	}
	for _, tt := range []struct {
		name  string
		at    int
		value []byte
	}{
		{"an empty leaf that is not the root", child + 10, []byte{0, 0}},
		{"another key in the parent", key, []byte{'a'}},
		{"an only child", branch + 10, []byte{1, 0}},
		{"a bucket in a value that has a page", inline, []byte{3}},
		{"a bucket in a value that has a page far away", inline, []byte{0, 0, 0, 0, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := bytes.Clone(whole)
			copy(b[tt.at:], tt.value)
			if reopen(t, dir, b) == nil {
				t.Error("it was opened")
			}
		})
	}
}

// sign makes the sums of the first pages in b right.
func sign(b []byte) {
	for _, page := range []int{0, 4096} {
		h := fnv.New64a()
		h.Write(b[page+16 : page+16+56])
		binary.NativeEndian.PutUint64(b[page+16+56:], h.Sum64())
	}
}

// TestEmpty has the file be empty, or missing: that is a new state directory, unless it
// has files that the store should know of.
func TestEmpty(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "deltas"), 0o755))
	must(t, reopen(t, dir, nil))
	must(t, os.MkdirAll(filepath.Join(dir, "codebases", "cb_1"), 0o755))
	if err := reopen(t, dir, nil); err == nil || !strings.Contains(err.Error(), "there are codebases") {
		t.Error(err)
	}
	must(t, os.Remove(filepath.Join(dir, "state.db")))
	if _, err := metadata.Open(dir); !errors.Is(err, metadata.ErrDamaged) {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "state.db")); err == nil {
		t.Error("it was made")
	}
}

// TestUntouched has nothing been written since the store was made.
func TestUntouched(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		must(t, open(t, dir).Close())
	}
}

// TestSound has bbolt write what it may: keys and values of all sizes come and go, and
// buckets with them. None of it is taken for damaged.
func TestSound(t *testing.T) {
	for seed := range uint64(15) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		dir := t.TempDir()
		longest := []int{1, 40, 300, 1200, 3000}[seed%5]
		keys := []int{50, 500, 5000}[seed%3]
		for range 40 {
			s, err := metadata.Open(dir)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			s.DB().NoSync = true
			for range 1 + rnd.IntN(6) {
				must(t, s.DB().Update(func(tx *bolt.Tx) error { return scramble(tx, rnd, keys, longest) }))
			}
			must(t, s.Close())
		}
	}
}

// scramble puts and deletes some of so many keys, in buckets and buckets in these.
func scramble(tx *bolt.Tx, rnd *rand.Rand, keys, longest int) error {
	var buckets []*bolt.Bucket
	for _, name := range []string{"a", "b", "c"} {
		outer, err := tx.CreateBucketIfNotExists([]byte(name))
		if err != nil {
			return err
		}
		inner, err := outer.CreateBucketIfNotExists([]byte("inner"))
		if err != nil {
			return err
		}
		buckets = append(buckets, outer, inner)
	}
	growing := rnd.IntN(3)
	for range rnd.IntN(400) {
		b, n := buckets[rnd.IntN(len(buckets))], rnd.IntN(keys)
		key := fmt.Appendf(nil, "%06d%s", n, strings.Repeat("x", n*7919%longest))
		if rnd.IntN(3) < growing {
			if err := b.Put(key, make([]byte, rnd.IntN(200)*rnd.IntN(30))); err != nil {
				return err
			}
			continue
		}
		if key, value := b.Cursor().Seek(key); value != nil { // else there is none, or it is a bucket
			if err := b.Delete(bytes.Clone(key)); err != nil {
				return err
			}
		}
	}
	if rnd.IntN(20) == 0 {
		return tx.DeleteBucket([]byte("b"))
	}
	return nil
}
