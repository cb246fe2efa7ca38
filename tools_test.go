// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// require skips a test when a tool is missing, and fails it when
// SANDBOX_REQUIRE, a list with commas, names the tool or says "all".
func require(t testing.TB, tools ...string) {
	t.Helper()
	wanted := strings.Split(os.Getenv("SANDBOX_REQUIRE"), ",")
	for _, tool := range tools {
		// As in a sandbox, which does not see what lies elsewhere.
		found := slices.ContainsFunc([]string{"/usr/local/bin/", "/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"}, func(dir string) bool {
			_, err := exec.LookPath(dir + tool)
			return err == nil
		})
		switch {
		case found:
		case slices.Contains(wanted, tool), slices.Contains(wanted, "all"):
			t.Fatalf("%s is missing", tool)
		default:
			t.Skipf("%s is missing", tool)
		}
	}
}

// tool is what a program must be able to do in a writable workspace.
type tool struct {
	name    string
	needs   []string
	command string
	want    string // what it prints
	changes []string
}

var tools = []tool{
	{"cp", nil, "cp plain copy && cmp plain copy", "", []string{"added /copy"}},
	{"cp -a", nil, "cp -a tree copy && diff -r tree copy && stat -c %a copy/run && readlink copy/link", "755\nrun", []string{"added /copy", "added /copy/deep", "added /copy/deep/file", "added /copy/link", "added /copy/run"}},
	{"install", []string{"install"}, "install -D -m 750 plain a/b/plain && stat -c %a a/b/plain", "750", []string{"added /a", "added /a/b", "added /a/b/plain"}},
	{
		"tar",
		[]string{"tar"},
		"tar cf x.tar tree && mkdir x && tar xf x.tar -C x && diff -r tree x/tree && rm x.tar && tar cz tree | tar tz | wc -l", "5",
		[]string{"added /x", "added /x/tree", "added /x/tree/deep", "added /x/tree/deep/file", "added /x/tree/link", "added /x/tree/run"},
	},
	{"mv of a directory", nil, "mv tree moved && cat moved/deep/file && mv moved tree && ls", "deep\nplain\ntree", nil},
	{"mv from /tmp", nil, "mkdir -p /tmp/d/e && echo x > /tmp/d/e/f && mv /tmp/d . && cat d/e/f && mv d /tmp/again && ls", "x\nplain\ntree", nil},
	{"rename over a directory", nil, "mkdir new && echo x > new/f && rm -r tree && mv new tree && ls tree", "f", []string{"deleted /tree/deep", "deleted /tree/deep/file", "deleted /tree/link", "deleted /tree/run", "added /tree/f"}},
	{"find -delete", []string{"find"}, "find tree -delete && ls", "plain", []string{"deleted /tree", "deleted /tree/deep", "deleted /tree/deep/file", "deleted /tree/link", "deleted /tree/run"}},
	{"find -exec", []string{"find"}, "find . -type f -exec chmod 600 {} + && stat -c %a plain tree/run", "600\n600", []string{"modified /plain", "modified /tree/run", "modified /tree/deep/file"}},
	{"sed -i", []string{"sed"}, "sed -i s/plain/changed/ plain && cat plain", "changed text", []string{"modified /plain"}},
	{"patch", []string{"patch", "diff"}, "sed s/plain/patched/ plain > /tmp/new; diff -u plain /tmp/new > /tmp/p; patch -s plain /tmp/p && cat plain", "patched text", []string{"modified /plain"}},
	{"ln", nil, "ln plain hard && ln -s plain soft && echo more >> hard && cat soft && stat -c %h plain", "plain text\nmore\n2", []string{"modified /plain", "added /hard", "added /soft"}},
	{"dd", nil, "dd if=/dev/zero of=sparse bs=1 count=1 seek=1000000 2>/dev/null && stat -c %s sparse && truncate -s 5 sparse && stat -c %s sparse", "1000001\n5", []string{"added /sparse"}},
	{"touch", nil, "touch -d 2001-02-03 plain && date -r plain +%F", "2001-02-03", nil},
	{"mktemp", nil, "f=$(mktemp -p .) && d=$(mktemp -d -p .) && stat -c %a $f $d && rm -r $f $d", "600\n700", nil},
	{"flock", []string{"flock"}, "flock plain sh -c 'flock -n plain true || echo busy'", "busy", nil},
	{"make", []string{"make"}, "printf 'out: plain\\n\\tcat plain > out\\n' > Makefile && make -s && cat out && make -q && echo done", "plain text\ndone", []string{"added /Makefile", "added /out"}},
	{"gcc", []string{"gcc"}, "printf '#include <stdio.h>\\nint main(void){puts(\"compiled\");}\\n' > a.c && gcc -o a a.c && ./a", "compiled", []string{"added /a.c", "added /a"}},
	{"programs run as soon as they are written", nil, "i=0; while [ $i -lt 200 ]; do i=$((i+1)); cp /bin/true a && ./a || echo failed; rm a; done", "", []string{}},
	{"files run as soon as they are made programs", []string{"python3"}, `cat > a.py <<'.'
import os, subprocess
for i in range(300):
    name = "./p%d" % i
    fd = os.open(name, os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(fd, b"#!/bin/sh\nexit 0\n")
    if i % 3 == 0: os.fchmod(fd, 0o755)
    if i % 3 == 1: os.chmod("/proc/self/fd/%d" % fd, 0o755)
    os.close(fd)
    if i % 3 == 2: os.chmod(name, 0o755)
    try: subprocess.run(name, check=True)
    except OSError as e: print(e)
    os.remove(name)
.
python3 a.py`, "", []string{"added /a.py"}},
	{
		"umasks of parents and children", nil,
		": > a; umask 077; : > b; sh -c ': > c; umask 027; : > d'; : > e; (umask 002; : > f; sh -c ': > g'); : > h; mkdir i; umask 0; : > j; stat -c %a a b c d e f g h i j | tr '\\n' ' '; rm -r [a-j]",
		"644 600 600 640 600 664 664 600 700 666",
		[]string{},
	},
	{"umasks of threads", []string{"python3"}, `cat > u.py <<'.'
import os, threading
turn = threading.Barrier(2)
def make(name): os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o666))
def other():
    turn.wait(); make("b"); os.umask(0o027); turn.wait()
t = threading.Thread(target=other); t.start()
os.umask(0o077); make("a"); turn.wait()
turn.wait(); make("c"); t.join(); make("d")
print(*("%o" % (os.stat(n).st_mode & 0o777) for n in "abcd"))
.
python3 u.py; rm -f [a-d] u.py`, "600 600 640 640", []string{}},
	{"node", []string{"node"}, "echo 'const fs=require(\"fs\");fs.writeFileSync(\"n\",\"x\");fs.renameSync(\"n\",\"m\");console.log(fs.readFileSync(\"m\",\"utf8\"))' > a.js && node a.js", "x", []string{"added /a.js", "added /m"}},
	{"sqlite3", []string{"sqlite3"}, "sqlite3 db 'pragma journal_mode=wal; create table t(x); insert into t values(1),(2);' && sqlite3 db 'select sum(x) from t; pragma journal_mode=delete;'", "wal\n3\ndelete", []string{"added /db"}},
	{"sqlite3 from two processes", []string{"sqlite3"}, "sqlite3 db 'pragma journal_mode=wal; create table t(x);' >/dev/null; for i in 1 2 3 4; do sqlite3 -cmd '.timeout 60000' db 'insert into t values(1)' & done; wait; sqlite3 db 'select count(*) from t; pragma journal_mode=delete;'", "4\ndelete", []string{"added /db"}},
	{"atomic save", []string{"python3"}, `python3 -c '
import os, tempfile
fd, name = tempfile.mkstemp(dir=".")
os.write(fd, b"saved\n"); os.fsync(fd); os.fchmod(fd, 0o640); os.close(fd)
os.replace(name, "plain")
d = os.open(".", os.O_DIRECTORY); os.fsync(d)
print(open("plain").read().strip(), oct(os.stat("plain").st_mode & 0o777))'`, "saved 0o640", []string{"modified /plain"}},
	{"save with a backup", []string{"python3"}, `python3 -c '
import os, shutil
os.rename("plain", "plain~"); open("plain", "w").write("new"); shutil.copymode("plain~", "plain"); os.unlink("plain~")
print(open("plain").read())'`, "new", []string{"modified /plain"}},
	{"mmap", []string{"python3"}, `python3 -c '
import mmap
with open("plain", "r+b") as f:
    m = mmap.mmap(f.fileno(), 0); m[0:5] = b"PLAIN"; m.flush()
print(open("plain").read().strip())'`, "PLAIN text", []string{"modified /plain"}},
	{"bytecode", []string{"python3"}, "echo 'x = 1' > m.py && python3 -c 'import m; print(m.x)' && ls __pycache__ | wc -l", "1\n1", nil},
	{"unix socket", []string{"python3"}, `python3 -c '
import socket, os
s = socket.socket(socket.AF_UNIX); s.bind("sock"); s.listen()
c = socket.socket(socket.AF_UNIX); c.connect("sock"); c.send(b"hi")
print(s.accept()[0].recv(2)); os.unlink("sock")'`, "b'hi'", nil},
	{"fifo", nil, "mkfifo pipe && (echo through > pipe &) && cat pipe && rm pipe", "through", nil},
	{"git", []string{"git"}, `export GIT_CONFIG_GLOBAL=/dev/null &&
		git init -q repo && cd repo && git config user.name a && git config user.email a@b && cp ../plain . && git add . && git commit -qm one &&
		git checkout -qb topic && echo more >> plain && git commit -qam two && git rebase -q master 2>/dev/null || git rebase -q main
		git gc -q && cd .. && git clone -q repo clone && git -C clone log --format=%s && git -C repo status --short`, "two\none", nil},
	{"git worktree, stash and bisect", []string{"git"}, `export GIT_CONFIG_GLOBAL=/dev/null && git init -q . && git config user.name a && git config user.email a@b && git add . && git commit -qm one &&
		git worktree add -q ../tmp/wt 2>/dev/null || git worktree add -q wt && echo x >> plain && git stash -q && git stash pop -q && git diff --stat | tail -1`, "1 file changed, 1 insertion(+)", nil},
	{"rsync", []string{"rsync"}, "rsync -a tree/ copy/ && rsync -a --delete tree/ copy/ && diff -r tree copy && echo same", "same", []string{"added /copy", "added /copy/deep", "added /copy/deep/file", "added /copy/link", "added /copy/run"}},
	{"python -m venv", []string{"python3"}, "python3 -m venv venv 2>/dev/null >&2 || python3 -m venv --without-pip venv; . venv/bin/activate && python -c 'import sys; print(sys.prefix)'", "/workspace/venv", nil},
}

func TestTools(t *testing.T) {
	t.Parallel()
	for _, c := range tools {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require(t, c.needs...)
			dir := project(t, map[string]string{"plain": "plain text\n", "tree/run": "#!/bin/sh\n", "tree/deep/file": "deep\n", "tree/link": "-> run"})
			check(t, os.Chmod(dir+"/tree/run", 0o755))
			sb := start(t, dir, everything)
			if got := must(t, sb, c.command, sandbox.WithTimeout(patience)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.changes != nil {
				wantChanges(t, sb, c.changes...)
			}
		})
	}
}

func infoOf(t testing.TB, sb *sandbox.Sandbox) *sandbox.Info {
	t.Helper()
	info, err := sb.Info(t.Context())
	check(t, err)
	return info
}

func sessionInfo(t testing.TB, s *sandbox.Session) *sandbox.SessionInfo {
	t.Helper()
	info, err := s.Info(t.Context())
	check(t, err)
	return info
}
