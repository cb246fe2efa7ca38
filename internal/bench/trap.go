// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// opens opens a file for writing and closes it, again and again, in so many
// processes at once, and prints the nanoseconds that all of them took. With 0 turns
// it goes on, in as many processes as it may have.
const opens = `import os, sys, time
path, workers, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def work(n):
    while n != 0:
        os.close(os.open(path, os.O_WRONLY))
        n -= 1
began = time.perf_counter_ns()
try:
    for _ in range(workers):
        if os.fork() == 0:
            work(n or -1)
            os._exit(0)
    for _ in range(workers):
        os.wait()
except OSError:
    work(-1)
print(time.perf_counter_ns() - began)
`

// What trapping may cost.
const (
	leastOpens   = 60_000 // a second
	leastShare   = 0.5    // of what the shortest loop does
	mostOverLoop = 12 * time.Microsecond
	mostForOther = 2.0 // times what a command takes without a flood beside it
)

func measureTraps(l *lab) (Section, error) {
	s := Section{
		Title: "Trapped system calls",
		About: "A file of /output is opened for writing, and closed, in Python processes. Beside it the shortest supervisor that there can be: one thread that takes each notification " +
			"and lets the call through (SECCOMP_USER_NOTIF_FLAG_CONTINUE), for the same processes outside. The target of a rate is reached by either of its parts. A flood is as many " +
			"processes as 64 allow, which do nothing else; their neighbour is another sandbox of the same manager. Beside it, as many that only compute.",
		Columns: []string{"samples", "shortest loop, or alone", "inside", "share or ratio"},
	}
	dir, err := l.trapTree()
	if err != nil {
		return s, err
	}
	sb, err := l.m.FromLocal(l.ctx, dir)
	if err != nil {
		return s, err
	}
	defer sb.Close()
	for _, workers := range []int{1, 2 * runtime.NumCPU(), 8 * runtime.NumCPU()} {
		rows, err := l.traps(dir, sb, workers)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, rows...)
	}
	for _, c := range []struct{ name, command string }{
		{"`Run(\"true\")` beside a flood of traps", "python3 opens.py output/log 1000 0"},
		{"the same beside as many that compute", "python3 -c 'import os\ntry:\n    while os.fork(): pass\nexcept OSError: pass\nwhile True: pass'"},
	} {
		row, err := l.beside(dir, sb, c.name, c.command)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	s.Rows[len(s.Rows)-1].Goal = Goal{} // it says what the machine has
	return s, nil
}

func (l *lab) trapTree() (string, error) {
	dir, err := l.scratch()
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(filepath.Join(dir, "output"), 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "opens.py"), []byte(opens), 0o644); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "output", "log"), []byte("x\n"), 0o644)
}

// traps compares how many opens so many processes get done.
func (l *lab) traps(dir string, sb *sandbox.Sandbox, workers int) ([]Row, error) {
	n := 200 * l.sizes.many / workers
	command := fmt.Sprintf("python3 opens.py output/log %d %d", workers, n)
	taken, err := l.turns(
		max(l.sizes.few, l.sizes.samples/4),
		side{"loop", printed(func() (string, error) { return l.host.trapped(dir, command) })},
		side{"inside", printed(func() (string, error) { return output(l.ctx, sb, command) })},
	)
	if err != nil {
		return nil, fmt.Errorf("%d processes: %w", workers, err)
	}
	loop, in := taken[0].each(workers*n), taken[1].each(workers*n)
	if workers == 1 {
		return []Row{{
			Name:  "one open, one process",
			Cells: []string{fmt.Sprint(len(taken[0])), show(loop), show(in), fmt.Sprintf("%+.2f µs", microseconds(in-loop))},
			Goal:  atMost(microseconds(in-loop), microseconds(mostOverLoop), "µs"),
		}}, nil
	}
	rate := func(d time.Duration) float64 { return float64(time.Second) / float64(max(d, 1)) }
	share := rate(in) / rate(loop)
	goal := atLeast(share, leastShare, "×")
	if rate(in) >= leastOpens {
		goal = atLeast(rate(in), leastOpens, "a second")
	}
	return []Row{{
		Name:  fmt.Sprintf("opens a second, %d processes", workers),
		Cells: []string{fmt.Sprint(len(taken[0])), fmt.Sprintf("%.0f", rate(loop)), fmt.Sprintf("%.0f", rate(in)), times(share)},
		Goal:  goal,
	}}, nil
}

// beside measures a command in a sandbox while another one does something without an end.
func (l *lab) beside(dir string, neighbour *sandbox.Sandbox, name, command string) (Row, error) {
	other, err := l.m.FromLocal(l.ctx, dir, sandbox.WithResources(sandbox.ResourceLimits{PidsLimit: 64}), sandbox.WithBestEffortLimits())
	if err != nil {
		return Row{}, err
	}
	defer other.Close()
	run := side{name, inside(l.ctx, neighbour, "true")}
	alone, err := l.turns(l.sizes.many, run)
	if err != nil {
		return Row{}, err
	}
	flood, err := other.StartCommand(l.ctx, sandbox.ExecRequest{Command: command})
	if err != nil {
		return Row{}, err
	}
	defer flood.Close()
	time.Sleep(time.Second) // until all of it runs
	during, err := l.turns(l.sizes.many, run)
	if err != nil {
		return Row{}, err
	}
	r := ratio(during[0], alone[0])
	return Row{
		Name:  name,
		Cells: []string{fmt.Sprint(len(during[0])), show(alone[0].median()), show(during[0].median()), times(r)},
		Goal:  atMost(r, mostForOther, "×"),
	}, nil
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
