// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// entry is a setting of a file.
type entry struct {
	key, value string
	list       bool // the value was one, and is joined by commas
	line       int
}

// parseFile reads a file of settings: a mapping of names to values, or to lists of
// values.
func parseFile(data []byte) ([]entry, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	switch err := d.Decode(&doc); {
	case err == io.EOF:
		return nil, nil // nothing but comments
	case err != nil:
		return nil, err
	}
	if err := d.Decode(new(yaml.Node)); err != io.EOF {
		return nil, errors.New("it has more than one document")
	}
	top := doc.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return nil, nil
	}
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: settings are written as name: value", top.Line)
	}
	var entries []entry
	seen := map[string]bool{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		e := entry{key: key.Value, line: key.Line}
		if key.Kind != yaml.ScalarNode || seen[e.key] {
			return nil, fmt.Errorf("line %d: %q is there twice, or is no name", e.line, e.key)
		}
		seen[e.key] = true
		if err := e.take(value); err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", e.line, e.key, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func (e *entry) take(value *yaml.Node) error {
	switch value.Kind {
	case yaml.ScalarNode:
		if value.Tag == "!!null" {
			return errors.New("it has no value")
		}
		e.value = value.Value
		return nil
	case yaml.SequenceNode:
		e.list = true
		var list []string
		for _, item := range value.Content {
			if item.Kind != yaml.ScalarNode || strings.ContainsAny(item.Value, ",\"\n") {
				return errors.New("not a list of names")
			}
			list = append(list, item.Value)
		}
		e.value = strings.Join(list, ",")
		return nil
	}
	return errors.New("neither a value nor a list")
}
