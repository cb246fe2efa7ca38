// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

// page is where the results are published.
const page = "docs/benchmarks.md"

func main() {
	if len(os.Args) == 3 && os.Args[1] == trapArg {
		fmt.Fprintln(os.Stderr, "bench:", becomeTrapped(os.Args[2]))
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	quick := flags.Bool("quick", false, "small trees and few samples, to see that everything works; prints, and writes no file but one that -out names")
	only := flags.String("only", "", "measure only what this regular expression matches the name of; prints, and does not write the file")
	dir := flags.String("dir", place(), "where to work; not on overlayfs")
	out := flags.String("out", page, "the file to write the results into, with plots beside it; empty for none")
	part := flags.String("save", "", "a file to save the sections in, for -add of another run")
	var others parts
	flags.Var(&others, "add", "a file with sections that another run has saved; may be repeated")
	_ = flags.Parse(args)
	filter, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	lab, err := newLab(ctx, *dir, sizesFor(*quick))
	if err != nil {
		return err
	}
	defer func() {
		if e := lab.close(); err == nil {
			err = e
		}
	}()
	began := time.Now()
	var sections []Section
	for _, b := range benchmarks {
		if !filter.MatchString(b.name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "bench: %s …\n", b.name)
		section, err := b.measure(lab)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		section.Name = b.name
		if err := writeSection(os.Stdout, section); err != nil {
			return err
		}
		sections = append(sections, section)
	}
	if *part != "" {
		return save(*part, sections)
	}
	if *out == "" || *only != "" || *quick && *out == page {
		return nil
	}
	added, err := others.read()
	if err != nil {
		return err
	}
	sections = append(sections, added...)
	if err := writePlots(*out, sections); err != nil {
		return err
	}
	return writeFile(*out, report{machine: describeMachine(*dir), took: time.Since(began), sections: sections})
}
