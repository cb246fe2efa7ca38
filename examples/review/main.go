// SPDX-License-Identifier: MIT

// Review shows the loop of a coding agent: let it work in a sandbox, look at what
// it changed, commit the part that is accepted, and discard the rest.
//
//	go run ./examples/review [DIR]
//
// Without DIR it makes a small project, and a file of it is changed from outside
// meanwhile. With DIR it shows what is changed there and commits nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sandbox-rls/sandbox"
)

// agent stands in for a coding agent: it edits several files, well and badly.
const agent = `
printf 'def greet(name):\n    return f"Hello, {name}!"\n' > greet.py
mkdir -p tests && printf 'from greet import greet\nassert greet("you") == "Hello, you!"\n' > tests/test_greet.py
echo 'Greets people.' >> README.md
rm -f LICENSE`

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "review:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	dir, remove, err := project(args)
	defer remove()
	if err != nil {
		return err
	}
	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithPreset("development")) // all may be written but secrets
	if err != nil {
		return err
	}
	defer sb.Close()

	fmt.Fprintln(out, "== The agent works ==")
	before, err := sb.Checkpoint(ctx, "before")
	if err != nil {
		return err
	}
	if _, err := sb.Run(ctx, "rm -rf ./*", sandbox.WithCheck()); err != nil {
		return err
	}
	changes, err := sb.Changes(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Its first try changes %d paths: back to the checkpoint.\n", len(changes))
	if err := sb.Restore(ctx, before.ID); err != nil {
		return err
	}
	if _, err := sb.Run(ctx, agent, sandbox.WithCheck()); err != nil {
		return err
	}

	fmt.Fprintln(out, "\n== What it changed ==")
	if err := sb.Diff(ctx, out, sandbox.DiffOptions{}); err != nil {
		return err
	}
	if len(args) > 0 {
		return commit(ctx, out, sb, "What could be committed", sandbox.CommitOptions{DryRun: true})
	}
	return review(ctx, out, sb, dir)
}

// review accepts the code, and neither the README nor the loss of the license.
func review(ctx context.Context, out io.Writer, sb *sandbox.Sandbox, dir string) error {
	if err := commit(ctx, out, sb, "The code is accepted", sandbox.CommitOptions{Paths: []string{"greet.py", "tests"}}); err != nil {
		return err
	}
	// Meanwhile somebody edits a file that the agent has changed as well.
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("# Greetings\n"), 0o644); err != nil {
		return err
	}
	err := commit(ctx, out, sb, "The README was changed by somebody else", sandbox.CommitOptions{Paths: []string{"README.md"}})
	if !errors.Is(err, sandbox.ErrConflict) {
		return fmt.Errorf("want a conflict, got %v", err)
	}
	fmt.Fprintln(out, "\n== The rest is discarded ==")
	if err := sb.Discard(ctx); err != nil {
		return err
	}
	r, err := sb.Run(ctx, "ls; cat greet.py")
	if err != nil {
		return err
	}
	fmt.Fprint(out, r.Stdout)
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	fmt.Fprintf(out, "\nThe README of the project is %q.\n", readme)
	return err
}

// commit commits, and shows what became of each change.
func commit(ctx context.Context, out io.Writer, sb *sandbox.Sandbox, title string, opts sandbox.CommitOptions) error {
	fmt.Fprintf(out, "\n== %s ==\n", title)
	report, err := sb.Commit(ctx, opts)
	if report != nil {
		for _, c := range report.Applied {
			fmt.Fprintf(out, "%-9s %s\n", c.Kind, c.Path)
		}
		for _, c := range report.Conflicts {
			fmt.Fprintf(out, "conflict  %s %s\n", c.Path, c.Reason)
		}
	}
	return err
}

// project returns the directory that was given, or a new one.
func project(args []string) (dir string, remove func(), err error) {
	if len(args) > 0 {
		return args[0], func() {}, nil
	}
	if dir, err = os.MkdirTemp("", "review-"); err != nil {
		return "", func() {}, err
	}
	for name, content := range map[string]string{
		"README.md": "# Greet\n", "LICENSE": "MIT\n", "greet.py": "def greet(name):\n    return name\n", ".env": "API_KEY=do-not-show\n",
	} {
		if err = os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			break
		}
	}
	return dir, func() { _ = os.RemoveAll(dir) }, err
}
