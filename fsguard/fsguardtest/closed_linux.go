// SPDX-License-Identifier: MIT

package fsguardtest

import "testing"

// closed takes away the permission to search the workspace itself, and gives it
// back: its own name goes on to work.
func (s suite) closed(t *testing.T) {
	steps := script{
		do("chmod", Workspace).mode(0o600), do("stat", Workspace), mkdir(Workspace + "/new"),
		open(Workspace, wronly), open(Workspace+"/", wronly), open(Workspace+"/.", wronly),
		do("chmod", Workspace+"/.").mode(0o755), do("chmod", Workspace).mode(0o755), mkdir(Workspace + "/new"),
	}
	want := []string{"ok", "dir 600", "EACCES", "EISDIR", "EISDIR", "EACCES", "EACCES", "ok", "ok"}
	for name, box := range map[string]Box{
		"a sandbox":    s.box(t, s.newSource(t), allWritable).box,
		"a bind mount": newBare(t, s.newSource(t).dir),
	} {
		for i, got := range perform(t, box, absolute, []script{steps})[0] {
			if got.String() != want[i] {
				t.Errorf("%s: %s %s: %s, want %s", name, steps[i].Call, steps[i].Path, got, want[i])
			}
		}
	}
}
