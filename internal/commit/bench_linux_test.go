// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
)

// BenchmarkCommit commits 1,000 files of 4 KB, in turn with `cp -r` of the same
// files, and reports the ratio of the quickest runs: until all is done, until
// what is left can be done later, of the first to `cp -r` and a sync, and of
// processor times.
func BenchmarkCommit(b *testing.B) {
	for name, dir := range map[string]string{"memory": memoryDir(b), "disk": diskDir(b)} {
		for _, kind := range []string{"added", "modified"} {
			b.Run(name+"/"+kind, func(b *testing.B) { benchmark(b, dir, kind) })
		}
	}
}

func benchmark(b *testing.B, dir, kind string) {
	upper, lower := dir+"/upper-"+kind, dir+"/lower"
	must(b, os.MkdirAll(upper, 0o755))
	must(b, os.MkdirAll(lower, 0o755))
	for i := range 1000 {
		must(b, os.WriteFile(fmt.Sprintf("%s/file%d", upper, i), []byte(strings.Repeat("x", 4096)), 0o644))
	}
	changes, err := delta.Changes(delta.Layers{Upper: upper, Lower: []string{lower}})
	must(b, err)
	var copied, synced, soon, all, cpuCopied, cpuSoon []time.Duration
	for i := 0; b.Loop(); i++ {
		target := fmt.Sprintf("%s/target-%s%d", dir, kind, i)
		must(b, os.Mkdir(target, 0o755))
		if kind == "modified" {
			for i := range changes {
				changes[i].Kind, changes[i].OldMode = delta.Modified, 0o644
				must(b, os.WriteFile(target+changes[i].Path, []byte(strings.Repeat("y", 4096)), 0o644))
			}
		}
		unix.Sync()
		start := time.Now()
		cp := exec.Command("cp", "-r", upper, target+"-cp")
		must(b, cp.Run())
		copied = append(copied, time.Since(start))
		cpuCopied = append(cpuCopied, cp.ProcessState.SystemTime()+cp.ProcessState.UserTime())
		unix.Sync()
		synced = append(synced, time.Since(start))

		var later func() error
		before := cpu()
		start = time.Now()
		_, err := commit.Run(context.Background(), commit.Request{
			Target: target, Upper: upper, Changes: changes,
			Base: commit.ChangedSince(time.Now().Add(time.Hour)), Journal: &memory{entries: map[string][]byte{}},
		}, commit.Options{Later: func(last func() error) { later = last }})
		must(b, err)
		soon = append(soon, time.Since(start))
		cpuSoon = append(cpuSoon, cpu()-before)
		must(b, later())
		all = append(all, time.Since(start))
	}
	b.ReportMetric(ratio(all, copied), "all/cp")
	b.ReportMetric(ratio(soon, copied), "soon/cp")
	b.ReportMetric(ratio(all, synced), "all/cp+sync")
	b.ReportMetric(ratio(cpuSoon, cpuCopied), "cpu/cp")
	b.ReportMetric(float64(slices.Min(soon).Microseconds())/1000, "ms-soon")
	b.ReportMetric(float64(slices.Min(all).Microseconds())/1000, "ms-all")
	b.ReportMetric(float64(slices.Min(copied).Microseconds())/1000, "ms-cp")
}

func ratio(a, b []time.Duration) float64 { return float64(slices.Min(a)) / float64(slices.Min(b)) }

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
