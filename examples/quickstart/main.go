// SPDX-License-Identifier: MIT

// Quickstart shows a sandbox at work: what an agent sees of a project, what it
// may not do, and what it changed.
//
//	go run ./examples/quickstart [DIR]
//
// Without DIR it makes a small project with secrets in it.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sandbox-rls/sandbox"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx := context.Background()
	dir, err := project(args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		defer os.RemoveAll(dir)
	}
	sb, err := sandbox.FromLocal(ctx, dir) // under the preset "agent-safe"
	if err != nil {
		return err
	}
	defer sb.Close()
	fmt.Printf("A sandbox of %s, under the preset %q.\n", dir, sandbox.DefaultPreset)
	info, err := sb.Info(ctx)
	if err != nil {
		return err
	}
	for _, s := range info.Skipped {
		fmt.Printf("Left out: %s: %v\n", s.Path, s.Err)
	}

	fmt.Println("\n== What the agent sees ==")
	show(ctx, sb, "ls -A")
	if len(args) == 0 {
		show(ctx, sb, "find . -type f | sort")
		show(ctx, sb, "cat src/main.py")
	}
	fmt.Println("\n== What it may not ==")
	if len(args) == 0 {
		show(ctx, sb, "cat .env")
		show(ctx, sb, "cat config/secrets/token")
		show(ctx, sb, "echo pwned >> src/main.py")
		show(ctx, sb, "rm -rf src")
	}
	show(ctx, sb, "echo x > .env")
	show(ctx, sb, "cat /etc/shadow")

	fmt.Println("\n== What it may ==")
	show(ctx, sb, "ls | wc -l > output/report.txt && cat output/report.txt")

	fmt.Println("\n== What it changed ==")
	changes, err := sb.Changes(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes {
		fmt.Printf("%-9s%s (%d bytes)\n", c.Kind, c.Path, c.Size)
	}

	fmt.Println("\n== Why ==")
	for _, path := range []string{"/.env", "/src/main.py", "/output/report.txt"} {
		d := sb.Explain(path)
		fmt.Printf("%-20s %-6s by the rule %s\n", path, d.Permission, d.Rule.Pattern)
	}
	if _, err := os.Lstat(filepath.Join(dir, "output", "report.txt")); os.IsNotExist(err) {
		fmt.Println("\nThe directory itself was not touched.")
	}
	return nil
}

// show runs a command and prints what it prints.
func show(ctx context.Context, sb *sandbox.Sandbox, command string) {
	fmt.Println("$", command)
	r, err := sb.Run(ctx, command)
	if err != nil {
		fmt.Println("  error:", err)
		return
	}
	for _, line := range strings.Split(strings.TrimRight(r.Stdout+r.Stderr, "\n"), "\n") {
		if line != "" {
			fmt.Println("  " + line)
		}
	}
	if r.ExitCode != 0 {
		fmt.Println("  exit code", r.ExitCode)
	}
}

// project returns the directory that was given, or a new one with secrets.
func project(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	dir, err := os.MkdirTemp("", "quickstart-")
	if err != nil {
		return "", err
	}
	for name, content := range map[string]string{
		"README.md":            "# Demo\n",
		"src/main.py":          "print('hello')\n",
		".env":                 "API_KEY=do-not-show\n",
		"deploy.key":           "-----BEGIN PRIVATE KEY-----\n",
		"config/app.yaml":      "debug: false\n",
		"config/secrets/token": "do-not-show\n",
		".git/config":          "[core]\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}
