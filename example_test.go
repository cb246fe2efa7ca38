// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/sandbox-rls/sandbox"
)

// exampleProject makes a small project with a secret in it.
func exampleProject() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	for name, content := range map[string]string{"main.sh": "echo hello\n", "docs/guide.md": "# Guide\n", ".env": "TOKEN=secret\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	return dir, func() { _ = os.RemoveAll(dir) }
}

// What is secret is hidden, and nothing outside of /output and /tmp can be
// changed.
func ExampleFromLocal() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()

	sb, err := sandbox.FromLocal(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	result, err := sb.Run(ctx, "ls -A; sh main.sh")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(result.Stdout)
	// Output:
	// docs
	// main.sh
	// output
	// tmp
	// hello
}

// A command that fails is a result, not an error.
func ExampleSandbox_Run() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	result, err := sb.Run(ctx, `echo "$GREETING"; echo changed > main.sh`, sandbox.WithEnv(map[string]string{"GREETING": "hello"}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(result.Stdout)
	fmt.Println("exit code", result.ExitCode)
	// Output:
	// hello
	// exit code 2
}

// Explain tells which rule decides about a path.
func ExampleSandbox_Explain() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	for _, path := range []string{"/.env", "/main.sh", "/output/report"} {
		d := sb.Explain(path)
		fmt.Printf("%s is %v, by the rule %s\n", path, d.Permission, d.Rule.Pattern)
	}
	// Output:
	// /.env is none, by the rule **/.env*
	// /main.sh is read, by the rule /**
	// /output/report is write, by the rule /output/**
}

// Overrides of a preset beat all of its rules; additions take their place
// among them.
func ExampleExtendPreset_sandbox() {
	rules, err := sandbox.ExtendPreset("agent-safe",
		[]sandbox.Rule{{Pattern: "/docs/**", Permission: sandbox.Write}},
		[]sandbox.Rule{{Pattern: "/.env", Type: sandbox.File, Permission: sandbox.View}})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithRules(rules...))
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	result, err := sb.Run(ctx, "echo more >> docs/guide.md; cat docs/guide.md; ls .env; head -c1 .env || echo no")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(result.Stdout)
	// Output:
	// # Guide
	// more
	// .env
	// no
}

// What a sandbox changes is kept beside the tree.
func ExampleSandbox_Changes() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithPreset("development"))
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	if _, err := sb.Run(ctx, "echo more >> main.sh; rm -r docs; echo new > new.txt"); err != nil {
		log.Fatal(err)
	}
	changes, err := sb.Changes(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range changes {
		fmt.Println(c.Kind, c.Path)
	}
	// Output:
	// deleted /docs
	// deleted /docs/guide.md
	// modified /main.sh
	// added /new.txt
}

// Rules without a preset hide what they do not speak of.
func ExampleWithRules() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithRules(
		sandbox.Rule{Pattern: "/docs/**", Permission: sandbox.Read},
		sandbox.Rule{Pattern: "/main.sh", Permission: sandbox.View},
	))
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	result, err := sb.Run(ctx, "find . -type f | sort; cat docs/guide.md; cat main.sh 2>/dev/null || echo 'main.sh cannot be read'")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(result.Stdout)
	// Output:
	// ./docs/guide.md
	// ./main.sh
	// # Guide
	// main.sh cannot be read
}

// What a command prints is there as soon as it is printed.
func ExampleSandbox_ExecStream() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	for out, err := range sb.ExecStream(ctx, sandbox.ExecRequest{Command: "echo one; sleep 0.1; echo two; exit 3"}) {
		if err != nil {
			log.Fatal(err)
		}
		if out.Result != nil {
			fmt.Println("exit code", out.Result.ExitCode)
			break
		}
		if out.Stream == sandbox.Stdout {
			os.Stdout.Write(out.Data) // as much as there is by now
		}
	}
	// Output:
	// one
	// two
	// exit code 3
}

// A session goes on from one command to the next.
func ExampleSandbox_Session() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	session, err := sb.Session(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	for _, command := range []string{"cd docs", "name=guide.md", "ls -l $name | wc -l; pwd", "exit 3"} {
		r, err := session.Exec(ctx, command)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(r.Stdout)
	}
	after, err := session.Info(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(after.Status, after.ExitCode)
	// Output:
	// 1
	// /workspace/docs
	// closed 3
}

// What cannot be limited here, for this user, would be an error but for
// WithBestEffortLimits.
func ExampleWithResources() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithBestEffortLimits(), sandbox.WithResources(sandbox.ResourceLimits{
		MemoryBytes: 512 << 20, CPUQuota: 100_000, PidsLimit: 100, DiskBytes: 64 << 20,
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	info, err := sb.Info(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range info.Enforced {
		if e.By == "" {
			log.Printf("%s is not limited: %s", e.Resource, e.Reason)
		}
	}
	result, err := sb.Run(ctx, "sh main.sh")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(result.Stdout)
	fmt.Println("out of memory:", result.OOMKilled, "out of processes:", result.PidsLimited)
	// Output:
	// hello
	// out of memory: false out of processes: false
}

// What commands changed can be reviewed, and applied, as a patch.
func ExampleSandbox_Diff() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithPreset("development"))
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	if _, err := sb.Run(ctx, "echo echo bye >> main.sh; rm -r docs"); err != nil {
		log.Fatal(err)
	}
	if err := sb.Diff(ctx, os.Stdout, sandbox.DiffOptions{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// diff --git a/docs/guide.md b/docs/guide.md
	// deleted file mode 100644
	// index 8c0d02fadc..0000000000
	// --- a/docs/guide.md
	// +++ /dev/null
	// @@ -1 +0,0 @@
	// -# Guide
	// diff --git a/main.sh b/main.sh
	// index 2f08be9a02..8aa47aeece 100644
	// --- a/main.sh
	// +++ b/main.sh
	// @@ -1 +1,2 @@
	//  echo hello
	// +echo bye
}

// A program can say why it cannot make sandboxes before it needs one.
func ExampleProbe() {
	report := sandbox.Probe()
	if err := report.Err(); err != nil {
		fmt.Println(err) // what is missing, why, and what to do
		return
	}
	for _, g := range report.Guarantees {
		if g.What == "a path changes only where the rules say write" {
			fmt.Println(g.What+":", g.Holds)
		}
	}
	// Output:
	// a path changes only where the rules say write: true
}
