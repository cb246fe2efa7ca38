// SPDX-License-Identifier: MIT

package commit

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzDecodeRecord reads entries of a journal: those that are taken make sense, and
// are the same when they are written again, as encoding/json writes them.
func FuzzDecodeRecord(f *testing.F) {
	rec := record{
		Version: recordVersion, State: applying, Target: "/t\xff", Dev: 1, Ino: 2,
		Homes: []home{{Path: "/", Ino: 2}, {Path: "/m", Ino: 3}}, Items: []item{{Path: "/a", Kind: 1}},
		Steps: []step{{Item: 0, Verb: stepSwap, Path: "/a", Home: 1, Old: &Stamp{Digest: []byte("a digest")}, New: &Stamp{Ino: 1 << 63, Mode: 1 << 31, Ctime: -1, UID: 1 << 31}, Perm: 0o644, Mtime: -1}},
	}
	good, err := json.Marshal(rec)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for _, s := range []string{"", "null", "{}", `{"version":1,"homes":[{"path":"Lw=="}]}`, `{"version":1,"homes":[{"path":"Lw=="}],"steps":[{"item":-1}]}`, `{"version":2}`, `{"version":1,"state":"\"<\u0000","homes":[{"path":"Lw=="}],"items":[{},{}],"steps":[{"path":"Lw==","item":1},{"path":"L2E=","verb":"Rm"}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		rec, err := decodeRecord(entry)
		if err != nil {
			return
		}
		for _, s := range rec.Steps {
			_, _ = rec.Items[s.Item], rec.Homes[s.Home]
		}
		written := rec.encode()
		if plain, err := json.Marshal(rec); err != nil || !bytes.Equal(written, plain) {
			t.Errorf("%v: %s, instead of %s", err, written, plain)
		}
		again, err := decodeRecord(written)
		if diff := cmp.Diff(rec, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}
