// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

func (a *app) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say whether sandboxes can run here, and what is missing",
		Long: `doctor tries each feature of the kernel that sandboxes use, in a throw-away
process, and says what is missing, why, and what to do about it; which guarantees
hold; and whether a sandbox really starts. What it says holds for the user who
runs it.

The exit code is 1 when sandboxes of the native runtime cannot run here.`,
		Example: `  sandbox doctor
  sandbox doctor --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.doctor(cmd.Context(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// trial is the outcome of making a real sandbox.
type trial struct {
	OK      bool          `json:"ok"`
	Error   string        `json:"error,omitempty"`
	Started time.Duration `json:"started,omitempty"` // what starting it took
}

// diagnosis is what doctor writes as JSON.
type diagnosis struct {
	Supported bool `json:"supported"`
	*sandbox.ProbeReport
	Trial trial `json:"trial"`
}

func (a *app) doctor(ctx context.Context, asJSON bool) error {
	report := sandbox.Probe()
	t := trySandbox(ctx)
	d := diagnosis{report.Err() == nil && t.OK, report, t}
	if asJSON {
		if err := a.writeJSON(d); err != nil {
			return err
		}
	} else {
		a.writeDiagnosis(d)
	}
	if !d.Supported {
		return exitStatus(1)
	}
	return nil
}

func (a *app) writeDiagnosis(d diagnosis) {
	s := a.styleOf(a.stdout)
	for line := range strings.Lines(d.String()) {
		fmt.Fprint(&a.out, s.report(line))
	}
	fmt.Fprintln(&a.out, "\n"+s.bold("Trial"))
	if d.Trial.OK {
		fmt.Fprintf(&a.out, "  %s  a sandbox was started in %.1f ms and did what it should\n", s.green("yes"), float64(d.Trial.Started.Microseconds())/1000)
	} else {
		fmt.Fprintf(&a.out, "  %s   a sandbox did not start: %s\n", s.red("NO"), oneLine(d.Trial.Error))
	}
}

// report colours a line of the report by what it begins with.
func (s style) report(line string) string {
	for mark, colour := range map[string]func(string) string{"  yes ": s.green, "  NO ": s.red, "  no ": s.yellow} {
		if rest, ok := strings.CutPrefix(line, mark); ok {
			return colour(mark) + rest
		}
	}
	switch text := strings.TrimSuffix(line, "\n"); text {
	case "Features", "Guarantees":
		return s.bold(text) + "\n"
	}
	return line
}

// trySandbox makes a sandbox of a small directory and looks at what it can do.
func trySandbox(ctx context.Context) trial {
	failed := func(err error) trial { return trial{Error: err.Error()} }
	dir, err := os.MkdirTemp("", "sandbox-doctor-")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(dir)
	for name, content := range map[string]string{"file": "content\n", ".env": "secret\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return failed(err)
		}
	}
	began := time.Now()
	sb, err := sandbox.FromLocal(ctx, dir)
	if err != nil {
		return failed(err)
	}
	defer sb.Close()
	took := time.Since(began)
	const command = "cat file > output/file && cat output/file && test ! -e .env && ! echo x 2>/dev/null > file"
	r, err := sb.Run(ctx, command)
	switch {
	case err != nil:
		return failed(err)
	case r.ExitCode != 0 || r.Stdout != "content\n":
		return failed(fmt.Errorf("it did not do what it should: exit code %d, %q, %q", r.ExitCode, r.Stdout, r.Stderr))
	}
	return trial{OK: true, Started: took}
}
