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

// BenchmarkCommit commits 1,000 files of 4 KB: new ones, ones that the target has with
// another content, and with another size, too. In turn with that it copies the same files
// with `cp -r`, to where they are not, and over what the target has. It reports the ratios
// of the quickest runs: to the first of these until all is done, and until what is
// left can be done later; to the other; to the first and a sync; and of processor times.
func BenchmarkCommit(b *testing.B) {
	for _, place := range []struct{ name, dir string }{{"memory", memoryDir(b)}, {"disk", diskDir(b)}} {
		for _, kind := range []struct {
			name string
			had  int // bytes of each file in the target
		}{{"added", -1}, {"modified", 4096}, {"resized", 4000}} {
			b.Run(place.name+"/"+kind.name, func(b *testing.B) { benchmark(b, place.dir+"/"+kind.name, kind.had) })
		}
	}
}

func benchmark(b *testing.B, dir string, had int) {
	const n = 1000
	upper, lower := dir+"/upper", dir+"/lower"
	fill := func(dir, text string) {
		must(b, os.MkdirAll(dir, 0o755))
		for i := range n {
			if text != "" {
				must(b, os.WriteFile(fmt.Sprintf("%s/file%d", dir, i), []byte(text), 0o644))
			}
		}
	}
	old := strings.Repeat("y", max(had, 0))
	fill(upper, strings.Repeat("x", 4096))
	fill(lower, old)
	changes, err := delta.Changes(delta.Layers{Upper: upper, Lower: []string{lower}})
	must(b, err)
	var copied, over, synced, soon, all, cpuCopied, cpuSoon []time.Duration
	for i := 0; b.Loop(); i++ {
		target := fmt.Sprintf("%s/target%d", dir, i)
		fill(target, old)
		fill(target+"-over", old)
		unix.Sync()
		start := time.Now()
		must(b, exec.Command("cp", "-r", upper+"/.", target+"-over").Run())
		over = append(over, time.Since(start))
		unix.Sync()
		start = time.Now()
		cp := exec.Command("cp", "-r", upper, target+"-cp")
		must(b, cp.Run())
		copied = append(copied, time.Since(start))
		cpuCopied = append(cpuCopied, cp.ProcessState.SystemTime()+cp.ProcessState.UserTime())
		unix.Sync()
		synced = append(synced, time.Since(start))

		var later func() error
		before := cpu()
		start = time.Now()
		report, err := commit.Run(context.Background(), commit.Request{
			Target: target, Upper: upper, Changes: changes,
			Base: commit.ChangedSince(time.Now().Add(time.Hour)), Journal: &memory{entries: map[string][]byte{}},
		}, commit.Options{Later: func(last func() error) { later = last }})
		must(b, err)
		soon = append(soon, time.Since(start))
		cpuSoon = append(cpuSoon, cpu()-before)
		must(b, later())
		all = append(all, time.Since(start))
		if len(report.Applied) != n {
			b.Fatalf("%+v", report)
		}
		for _, dir := range []string{target, target + "-over", target + "-cp"} {
			must(b, os.RemoveAll(dir))
		}
	}
	b.ReportMetric(0, "ns/op") // it would be that of all this
	b.ReportMetric(ratio(all, copied), "all/cp")
	b.ReportMetric(ratio(soon, copied), "soon/cp")
	b.ReportMetric(ratio(all, over), "all/cp-over")
	b.ReportMetric(ratio(all, synced), "all/cp+sync")
	b.ReportMetric(ratio(cpuSoon, cpuCopied), "cpu/cp")
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
