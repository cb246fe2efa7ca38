// SPDX-License-Identifier: MIT

package codebase_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

const (
	killedDir  = "CODEBASE_TEST_KILLED_DIR"
	killedSeed = "CODEBASE_TEST_KILLED_SEED"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedDir); dir != "" {
		seed, _ := strconv.ParseUint(os.Getenv(killedSeed), 10, 64)
		if err := beKilled(dir, seed); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// beKilled writes until it is killed, and says before and after each write what
// it writes: "begin PATH CONTENT", then "done".
func beKilled(dir string, seed uint64) error {
	ctx := context.Background()
	db, err := bolt.Open(filepath.Join(dir, "db"), 0o600, &bolt.Options{NoSync: true})
	if err != nil {
		return err
	}
	s, err := codebase.Open(db, filepath.Join(dir, "store"), owner(), codebase.WithoutSync())
	if err != nil {
		return err
	}
	_, _ = s.Create(ctx, codebase.Info{ID: "cb"})
	if err := s.Sweep(func(string) bool { return false }); err != nil {
		return err
	}
	listing, err := tree.List(ctx, filepath.Join(dir, "src"))
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for i := 0; ; i++ {
		content := fmt.Sprintf("%d-%d", seed, i)
		path := fmt.Sprintf("/d%d/f%d", random.IntN(3), random.IntN(5))
		switch random.IntN(6) {
		case 0:
			fmt.Println("begin import", seed)
			_, err = s.Import(ctx, "cb", listing)
		case 1:
			fmt.Println("begin", path, "removed")
			_, err = s.Apply(ctx, "cb", codebase.Batch{Items: []codebase.Item{remove(path, 1<<60, 0)}})
		case 2:
			fmt.Println("begin", path, content)
			_, err = s.Apply(ctx, "cb", codebase.Batch{Items: []codebase.Item{put(path, content, 1<<60, 0), put("/last", content, 1<<60, 0)}})
		case 3:
			fmt.Println("begin checkout x")
			var c *codebase.Checkout
			if c, err = s.Checkout(ctx, "cb"); err == nil {
				c.Release()
			}
		default:
			fmt.Println("begin", path, content)
			_, err = s.Write(ctx, "cb", path, strings.NewReader(content), codebase.WriteOptions{Size: -1})
		}
		if err != nil {
			return err
		}
		fmt.Println("done")
	}
}

func TestKilled(t *testing.T) {
	rounds := 120
	if testing.Short() {
		rounds = 10
	}
	base := memory(t)
	defer func() { must(t, tree.Remove(base)) }()
	must(t, os.MkdirAll(base+"/src/imported", 0o755))
	for i := range 300 {
		must(t, os.WriteFile(fmt.Sprintf("%s/src/imported/%d", base, i), []byte(fmt.Sprint(i)), 0o644))
	}
	said := map[string]string{} // what was acknowledged
	random := rand.New(rand.NewPCG(1, 2))
	for seed := range uint64(rounds) {
		pending := runAndKill(t, base, seed, time.Duration(random.IntN(30_000))*time.Microsecond, said)
		afterKill(t, base, said, pending)
	}
}

// runAndKill lets the child write for a while, and notes what it acknowledged. It
// returns the path and the content of a write that may or may not have happened.
func runAndKill(t *testing.T, base string, seed uint64, after time.Duration, said map[string]string) [2]string {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), killedDir+"="+base, fmt.Sprintf("%s=%d", killedSeed, seed))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var pending [2]string
	started := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if !started {
			started = true
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		switch words := strings.Fields(lines.Text()); {
		case words[0] == "begin":
			pending = [2]string{words[1], words[2]}
		case words[0] == "done":
			said[pending[0]] = pending[1]
			pending = [2]string{}
		default:
			t.Fatal(lines.Text())
		}
	}
	_ = cmd.Wait()
	return pending
}

// afterKill is the next process, which checks what the last one left.
func afterKill(t *testing.T, base string, said map[string]string, pending [2]string) {
	t.Helper()
	w := &world{TB: t, base: base}
	w.open()
	defer w.close()
	if _, err := w.store.Get(t.Context(), "cb"); err != nil {
		return // killed too soon
	}
	if pending[0] != "" {
		said[pending[0]] = w.either(said[pending[0]], pending)
	}
	for path, content := range said {
		if !strings.HasPrefix(path, "/") {
			continue
		}
		f, err := w.store.Stat(t.Context(), "cb", path)
		if gone := content == "removed"; gone != (err != nil) {
			t.Fatalf("%s should be %q: %v", path, content, err)
		}
		if err == nil && f.SHA256 != sha256.Sum256([]byte(content)) {
			t.Fatalf("%s should be %q, is %q", path, content, w.read("cb", path))
		}
	}
	if files, err := w.store.Entries(t.Context(), "cb", "/imported", false); err == nil && len(files) != 300 {
		t.Fatalf("half of an import: %d files", len(files))
	}
	w.whole("cb")
	must(t, w.store.Sweep(func(string) bool { return false }))
	w.write("cb", "/first", "x")
	w.tidy("cb")
}

// either returns what became of a write that was not acknowledged: all or
// nothing.
func (w *world) either(before string, pending [2]string) string {
	w.Helper()
	path, after := pending[0], pending[1]
	if !strings.HasPrefix(path, "/") {
		return before
	}
	if _, err := w.store.Stat(w.Context(), "cb", path); err != nil {
		if before == "" || before == "removed" || after == "removed" {
			return "removed"
		}
		w.Fatalf("%s is gone: it was %q, to become %q", path, before, after)
	}
	got := w.read("cb", path)
	if got != before && got != after {
		w.Fatalf("%s is %q: it was %q, to become %q", path, got, before, after)
	}
	return got
}
