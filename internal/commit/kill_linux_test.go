// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
)

// onDisk is a journal in a directory.
type onDisk string

func (j onDisk) Put(id string, entry []byte) error {
	name := filepath.Join(string(j), id)
	if err := os.WriteFile(name+".new", entry, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

func (j onDisk) Delete(id string) error {
	err := os.Remove(filepath.Join(string(j), id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (j onDisk) All() (map[string][]byte, error) {
	names, err := filepath.Glob(string(j) + "/*")
	entries := map[string][]byte{}
	for _, name := range names {
		if strings.HasSuffix(name, ".new") {
			continue
		}
		if entries[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return entries, err
}

// commitAsChild commits the world in a directory, to be killed in the midst of it.
func commitAsChild(dir string) int {
	if err := commitWorld(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func commitWorld(dir string) error {
	changes, err := delta.Changes(delta.Layers{Upper: dir + "/upper", Lower: []string{dir + "/lower"}})
	if err != nil {
		return err
	}
	layers, err := commit.OpenLayers(delta.Layers{Upper: dir + "/upper", Lower: []string{dir + "/lower"}})
	if err != nil {
		return err
	}
	defer layers.Close()
	fmt.Println("begin")
	report, err := commit.Run(context.Background(), commit.Request{
		Target: dir + "/target", Upper: dir + "/upper", Changes: changes, Base: layers, Journal: onDisk(dir + "/journal"),
	}, commit.Options{})
	if err == nil && len(report.Conflicts)+len(report.Failed) > 0 {
		err = fmt.Errorf("%+v", report)
	}
	return err
}

// TestKill kills a commit at random moments. After Recover the target is as before
// or as after.
func TestKill(t *testing.T) {
	const rounds = 120
	base := memoryDir(t)
	first := base + "/first"
	before, after := files{}, files{}
	for i := range 150 {
		before[fmt.Sprintf("d%d/old%d", i%7, i)] = "old"
		after[fmt.Sprintf("d%d/old%d", i%7, i+i%3*1000)] = "new"
		after[fmt.Sprintf("e%d/f/new%d", i%5, i)] = strings.Repeat("n", i*50)
	}
	w := newWorld(t, first, before, after)
	must(t, os.Mkdir(first+"/journal", 0o700))
	whole := kill(t, first, time.Hour)
	w.same(t, w.after)

	rnd := rand.New(rand.NewPCG(1, 2))
	counts := map[string]int{}
	for round := range rounds {
		dir := fmt.Sprintf("%s/%d", base, round)
		must(t, os.Mkdir(dir, 0o755))
		w := &world{target: dir + "/target"}
		copyTree(t, first+"/lower", w.target)
		must(t, os.Mkdir(dir+"/journal", 0o700))
		must(t, os.Symlink(first+"/upper", dir+"/upper"))
		must(t, os.Symlink(first+"/lower", dir+"/lower"))
		kill(t, dir, time.Duration(rnd.Int64N(int64(whole)*5/4)))

		list, err := commit.Recover(context.Background(), onDisk(dir+"/journal"))
		must(t, err)
		outcome := "not needed"
		for _, r := range list {
			if r.Err != nil || r.Report != nil && len(r.Report.Conflicts)+len(r.Report.Left) > 0 {
				t.Fatalf("round %d: %+v %+v", round, r, r.Report)
			}
			outcome = string(r.Outcome)
		}
		counts[outcome]++
		if got := scan(t, w.target); !equal(got, scan(t, first+"/lower")) {
			w.same(t, first+"/after")
		}
		must(t, os.RemoveAll(dir))
	}
	t.Log(counts)
}

// kill has a child commit, and kills it some time after it began.
func kill(t *testing.T, dir string, after time.Duration) time.Duration {
	cmd := exec.Command("/proc/self/exe", dir)
	cmd.Env = append(os.Environ(), mode+"=commit")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	_, err = out.Read(make([]byte, 8))
	must(t, err)
	start := time.Now()
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil && after == time.Hour {
		t.Fatal(err)
	}
	return time.Since(start)
}
