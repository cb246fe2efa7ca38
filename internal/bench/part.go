// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"os"
	"strings"
)

// parts are files in which other runs have saved what they measured.
type parts []string

func (p *parts) String() string { return strings.Join(*p, ",") }

// Set makes parts a flag that can be given more than once.
func (p *parts) Set(name string) error {
	*p = append(*p, name)
	return nil
}

// read returns the sections of all of them.
func (p *parts) read() (all []Section, err error) {
	for _, name := range *p {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var sections []Section
		if err := json.Unmarshal(data, &sections); err != nil {
			return nil, err
		}
		all = append(all, sections...)
	}
	return all, nil
}

func save(name string, sections []Section) error {
	data, err := json.Marshal(sections)
	if err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}
