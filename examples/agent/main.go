// SPDX-License-Identifier: MIT

// Agent is the loop of a coding agent: a model asks for tools, the tools work in a
// sandbox, and what they answer goes back to the model, until it is done. What
// it changed is then shown, and committed.
//
//	go run ./examples/agent
//
// The model is a script (model.go), so that it needs no network; a real one takes
// its place behind the same interface.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sandbox-rls/sandbox"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

// project has a bug, a test that shows it, and a secret.
var project = map[string]string{
	"price.py":      "def total(prices, discount):\n    return sum(prices) * discount\n",
	"test_price.py": "from price import total\nassert total([10, 20], 0.1) == 27, total([10, 20], 0.1)\nprint('ok')\n",
	".env":          "PAYMENT_KEY=sk-live-0000\n",
}

func run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "agent-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for name, content := range project {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}

	// The agent may change code, see that there are tests but not change them, and
	// has never heard of the secret.
	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithPreset("development"), sandbox.WithRules(
		sandbox.Rule{Pattern: "/test_*.py", Permission: sandbox.Read, Priority: 1},
	))
	if err != nil {
		return err
	}
	defer sb.Close()
	session, err := sb.Session(ctx, sandbox.WithShell("/bin/sh"), sandbox.WithSessionEnv(map[string]string{"PYTHONDONTWRITEBYTECODE": "1"}))
	if err != nil {
		return err
	}
	tools := &tools{sandbox: sb, session: session, timeout: 10 * time.Second}
	if err := loop(ctx, out, &script{}, tools); err != nil {
		return err
	}

	fmt.Fprintln(out, "\n== What it changed ==")
	if err := sb.Diff(ctx, out, sandbox.DiffOptions{}); err != nil {
		return err
	}
	report, err := sb.Commit(ctx, sandbox.CommitOptions{Paths: []string{"price.py"}})
	if err != nil {
		return err
	}
	for _, c := range report.Applied {
		fmt.Fprintf(out, "committed: %s %s\n", c.Kind, c.Path)
	}
	return nil
}

// loop lets the model use the tools until it has an answer.
func loop(ctx context.Context, out io.Writer, m Model, t *tools) error {
	const most = 20 // a model may go round in circles
	messages := []Message{{Role: "user", Text: "The test of price.py fails. Mend it."}}
	for range most {
		reply, err := m.Next(ctx, messages)
		if err != nil {
			return err
		}
		messages = append(messages, reply)
		if reply.Call == nil {
			fmt.Fprintf(out, "model: %s\n", reply.Text)
			return nil
		}
		answer := t.use(ctx, *reply.Call)
		fmt.Fprintf(out, "%s(%s)\n    %s\n", reply.Call.Tool, reply.Call.Path+reply.Call.Command, indent(answer))
		messages = append(messages, Message{Role: "tool", Text: answer})
	}
	return fmt.Errorf("no answer after %d steps", most)
}
