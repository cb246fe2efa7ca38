// SPDX-License-Identifier: MIT

package wire_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// TestPathsOut are those of a server that would have its client write elsewhere.
func TestPathsOut(t *testing.T) {
	for path, want := range map[string]string{"../../etc/passwd": "/etc/passwd", "a/../../b": "/b", "/etc": "/etc", "": "/", "a/b": "/a/b", "a\xff\n": "/a\xff\n"} {
		files := wire.FilesFrom([]*sandboxv1.FileInfo{{Path: "x", PathBytes: []byte(path)}, {Path: path}})
		changes := wire.ChangesFrom([]*sandboxv1.Change{{Path: path}})
		report := wire.ReportFrom(&sandboxv1.CommitReport{Failed: []*sandboxv1.CommitItem{{Path: path}}})
		if path != "" && files[0].Path != want || files[1].Path != want || changes[0].Path != want || report.Failed[0].Path != want {
			t.Errorf("%q became %+v, %+v, %+v", path, files, changes, report)
		}
	}
}
