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
	leastShare   = 0.5    // of what the shortest loop does that opens the files itself
	mostOverLoop = 12 * time.Microsecond
	mostForOther = 2.0 // times what a command takes without a flood beside it
)

func measureTraps(l *lab) (Section, error) {
	s := Section{
		Title: "Trapped system calls",
		About: "A file of /output is opened for writing, and closed, in Python processes. Beside it are the shortest supervisors that there can be, each one thread, for the same " +
			"processes outside: one lets each call through (SECCOMP_USER_NOTIF_FLAG_CONTINUE); the other does what a guard has to, and asks nothing: it reads the path, opens the file, puts " +
			"it into the process, closes it and answers. The target of a rate is reached by either of its parts. A flood is as many " +
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
	n := 50 * l.sizes.many / workers
	command := fmt.Sprintf("python3 opens.py output/log %d %d", workers, n)
	loop := func(handOver bool) func() (time.Duration, error) {
		return printed(func() (string, error) { return l.host.trapped(dir, command, handOver) })
	}
	taken, err := l.turns(
		max(l.sizes.few, l.sizes.samples/4),
		side{"through", loop(false)},
		side{"over", loop(true)},
		side{"inside", printed(func() (string, error) { return output(l.ctx, sb, command) })},
	)
	if err != nil {
		return nil, fmt.Errorf("%d processes: %w", workers, err)
	}
	samples := fmt.Sprint(len(taken[0]))
	through, over, in := taken[0].each(workers*n), taken[1].each(workers*n), taken[2].each(workers*n)
	if workers == 1 {
		return []Row{
			{
				Name:  "one open, one process, over a call let through",
				Cells: []string{samples, show(through), show(in), fmt.Sprintf("%+.2f µs", microseconds(in-through))},
				Goal:  atMost(microseconds(in-through), microseconds(mostOverLoop), "µs"),
			},
			{
				Name:  "one open, one process, over a file handed over",
				Cells: []string{samples, show(over), show(in), fmt.Sprintf("%+.2f µs", microseconds(in-over))},
			},
		}, nil
	}
	share := func(loop time.Duration) float64 { return rate(in) / rate(loop) }
	goal := atLeast(share(over), leastShare, "×")
	if rate(in) >= leastOpens {
		goal = atLeast(rate(in), leastOpens, "a second")
	}
	row := func(what string, loop time.Duration) Row {
		return Row{
			Name:  fmt.Sprintf("opens a second, %d processes, beside %s", workers, what),
			Cells: []string{samples, fmt.Sprintf("%.0f", rate(loop)), fmt.Sprintf("%.0f", rate(in)), times(share(loop))},
		}
	}
	reached := row("files handed over", over)
	reached.Goal = goal
	return []Row{reached, row("calls let through", through)}, nil
}

// rate is how often a second something is done that takes so long.
func rate(d time.Duration) float64 { return float64(time.Second) / float64(max(d, 1)) }

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
