// SPDX-License-Identifier: MIT

// Generate writes what the Python package shares with this module: the presets,
// and what becomes of paths under lists of rules, which its tests compare with
// what it decides itself. It also makes the package's clients for threads from
// those for asyncio.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sandbox-rls/sandbox"
)

//go:generate go run . ..

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run writes into the directory of the package.
func run(dir string) error {
	presets, err := listPresets()
	if err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "sandbox_rls", "presets.json"), presets); err != nil {
		return err
	}
	if err := writeSync(filepath.Join(dir, "sandbox_rls")); err != nil {
		return err
	}
	vectors, err := makeVectors()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "tests", "data", "rules.jsonl"), vectors, 0o644)
}

type presetFile struct {
	Default string                    `json:"default"`
	Presets map[string][]sandbox.Rule `json:"presets"`
}

func listPresets() (*presetFile, error) {
	file := &presetFile{Default: sandbox.DefaultPreset, Presets: make(map[string][]sandbox.Rule)}
	for _, name := range sandbox.ListPresets() {
		rules, err := sandbox.GetPreset(name)
		if err != nil {
			return nil, err
		}
		file.Presets[name] = rules
	}
	return file, nil
}

func write(name string, v any) error {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(data, '\n'), 0o644)
}
