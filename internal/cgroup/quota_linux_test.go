// SPDX-License-Identifier: MIT

package cgroup

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestCPUQuota(t *testing.T) {
	none := math.Inf(1)
	for name, c := range map[string]struct {
		layout layout
		files  map[string]string
		want   float64
	}{
		"none": {layout{"": "/a"}, map[string]string{"a/cpu.max": "max 100000\n"}, none},
		"its own": {
			layout{"": "/a/b"},
			map[string]string{"a/cpu.max": "max 100000\n", "a/b/cpu.max": "20000 100000\n"},
			0.2,
		},
		"that of one above": {
			layout{"": "/a/b"},
			map[string]string{"cpu.max": "150000 100000\n", "a/cpu.max": "250000 100000\n", "a/b/cpu.max": "max 100000\n"},
			1.5,
		},
		"beside it": {layout{"": "/a"}, map[string]string{"b/cpu.max": "1000 100000\n", "a/b/cpu.max": "1000 100000\n"}, none},
		"no file":   {layout{"": "/a"}, nil, none},
		"no cgroup": {layout{}, map[string]string{"cpu.max": "1000 100000\n"}, none},
		"version 1": {
			layout{"cpu": "/a"},
			map[string]string{"cpu/a/cpu.cfs_quota_us": "50000\n", "cpu/a/cpu.cfs_period_us": "100000\n"},
			0.5,
		},
		"version 1, none": {
			layout{"cpu": "/a"},
			map[string]string{"cpu/a/cpu.cfs_quota_us": "-1\n", "cpu/a/cpu.cfs_period_us": "100000\n"},
			none,
		},
		"both, version 2 without the controller": {
			layout{"": "/x", "cpu": "/"},
			map[string]string{"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"},
			3,
		},
		"not a number": {layout{"": "/"}, map[string]string{"cpu.max": "many 100000\n"}, none},
		"no period":    {layout{"": "/"}, map[string]string{"cpu.max": "1000\n"}, none},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, text := range c.files {
				file = filepath.Join(root, file)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got := c.layout.cpuQuota(root); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
