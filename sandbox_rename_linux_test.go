// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// late renames what is not there yet. The kernel moves nothing while a large file that is
// moved is copied up, and meanwhile a directory gets that name, and something in it.
const late = `python3 - <<'E'
import os, threading, time
def after(seconds, do):
    def run():
        time.sleep(seconds)
        try: do()
        except OSError as e: print(e.strerror)
    return threading.Thread(target=run)
def born():
    os.mkdir('a/born')
    open('a/born/kept', 'w').close()
threads = [after(0, lambda: os.rename('b/big', 'b/d/big')), after(.04, lambda: os.rename('a/born', 'c/born')), after(.08, born)]
for t in threads: t.start()
for t in threads: t.join()
E`

// TestRenameOfWhatIsMadeMeanwhile would bring a file to a name that the rules hide, in a
// directory that nobody has looked into.
func TestRenameOfWhatIsMadeMeanwhile(t *testing.T) {
	dir := project(t, map[string]string{"a/f": "x", "b/d/f": "x", "c/f": "x"})
	check(t, os.WriteFile(dir+"/b/big", bytes.Repeat([]byte("abcdefgh"), 32<<20), 0o644))
	sb := start(t, dir, sandbox.WithRules(
		sandbox.Rule{Pattern: "/**", Permission: sandbox.Write},
		sandbox.Rule{Pattern: "/c/born/kept", Permission: sandbox.None, Priority: 1}))
	if got := must(t, sb, late); got != "No such file or directory" {
		t.Errorf("the threads say %q", got)
	}
	if got := must(t, sb, "ls a/born c"); got != "a/born:\nkept\n\nc:\nf" {
		t.Errorf("in the directories: %q", got)
	}
}

// deep renames a directory with others within it, before and after it gets one too many,
// and has mv(1) move it then.
const deep = `python3 - <<'E'
import os
at = 'in/' + '/'.join(['d'] * 128)
os.makedirs(at)
os.rename('in/d', 'in/e')
os.rename('in/e', 'in/d')
os.mkdir(at + '/d')
try: os.rename('in/d', 'in/e')
except OSError as e: print(e.strerror)
E
mv in/d in/e && find in -type d | wc -l; ls in`

// TestRenameOfDeepDirectories is about those in which a rule hides something that could be.
func TestRenameOfDeepDirectories(t *testing.T) {
	sb := start(t, project(t, map[string]string{"f": "x"}), sandbox.WithRules(
		sandbox.Rule{Pattern: "/**", Permission: sandbox.Write},
		sandbox.Rule{Pattern: "**/hidden", Permission: sandbox.None, Priority: 1}))
	if got := must(t, sb, deep); got != "Invalid cross-device link\n130\ne" {
		t.Errorf("got %q", got)
	}
}
