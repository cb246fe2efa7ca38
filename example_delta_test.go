// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/sandbox-rls/sandbox"
)

// Files are uploaded into a codebase while sandboxes of it run, and what those
// write is downloaded from it.
func ExampleFromCodebase() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	m, err := sandbox.Default()
	if err != nil {
		log.Fatal(err)
	}
	cb, err := m.ImportCodebase(ctx, dir)
	if err != nil {
		log.Fatal(err)
	}
	sb, err := m.FromCodebase(ctx, cb.ID, sandbox.WithPreset("development"))
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	if _, err := m.UploadFile(ctx, cb.ID, "task.txt", strings.NewReader("hello\n"), sandbox.UploadOptions{}); err != nil {
		log.Fatal(err)
	}
	result, err := sb.Run(ctx, "cat task.txt; tr a-z A-Z < task.txt > result.txt")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(result.Stdout)
	r, err := m.DownloadFile(ctx, cb.ID, "result.txt")
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("result.txt: %s", content)
	// Output:
	// hello
	// result.txt: HELLO
}

// What is accepted of the changes is carried over to the directory. What somebody
// else has changed there meanwhile is a conflict, and stays as it is.
func ExampleSandbox_Commit() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithPreset("development"))
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	if _, err := sb.Run(ctx, "echo echo bye >> main.sh; mkdir src; echo : > src/new.sh; rm docs/guide.md"); err != nil {
		log.Fatal(err)
	}
	report, err := sb.Commit(ctx, sandbox.CommitOptions{Paths: []string{"main.sh", "src"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range report.Applied {
		fmt.Println(c.Kind, c.Path)
	}
	if err := os.WriteFile(filepath.Join(dir, "docs/guide.md"), []byte("# The guide\n"), 0o644); err != nil {
		log.Fatal(err)
	}
	report, err = sb.Commit(ctx, sandbox.CommitOptions{})
	if !errors.Is(err, sandbox.ErrConflict) {
		log.Fatal(err)
	}
	for _, c := range report.Conflicts {
		fmt.Println("conflict:", c.Path, c.Reason)
	}
	// Output:
	// modified /main.sh
	// added /src
	// added /src/new.sh
	// conflict: /docs/guide.md was changed
}

// A fork goes on from where another sandbox is, and leaves that one alone.
func ExampleSandbox_Fork() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithPreset("development"))
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	if _, err := sb.Run(ctx, "echo first > idea"); err != nil {
		log.Fatal(err)
	}
	fork, err := sb.Fork(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer fork.Close()
	if _, err := fork.Run(ctx, "echo second >> idea"); err != nil {
		log.Fatal(err)
	}
	for _, s := range []*sandbox.Sandbox{sb, fork} {
		result, err := s.Run(ctx, "paste -sd , idea")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(result.Stdout)
	}
	// Output:
	// first
	// first,second
}

// A state is kept, to be gone back to.
func ExampleSandbox_Checkpoint() {
	ctx := context.Background()
	dir, remove := exampleProject()
	defer remove()
	sb, err := sandbox.FromLocal(ctx, dir, sandbox.WithPreset("development"))
	if err != nil {
		log.Fatal(err)
	}
	defer sb.Close()

	if _, err := sb.Run(ctx, "echo good > state"); err != nil {
		log.Fatal(err)
	}
	good, err := sb.Checkpoint(ctx, "it works")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := sb.Run(ctx, "echo bad > state; rm -r docs"); err != nil {
		log.Fatal(err)
	}
	if err := sb.Restore(ctx, good.ID); err != nil {
		log.Fatal(err)
	}
	result, err := sb.Run(ctx, "cat state docs/guide.md")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(result.Stdout)
	// Output:
	// good
	// # Guide
}
