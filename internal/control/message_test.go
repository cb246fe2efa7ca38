// SPDX-License-Identifier: MIT

package control_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// messages draws one message of any kind.
func messages() *rapid.Generator[control.Message] {
	text := rapid.String()
	list := rapid.SliceOf(text)
	id := rapid.Uint64()
	return rapid.Custom(func(t *rapid.T) control.Message {
		switch rapid.IntRange(0, 13).Draw(t, "kind") {
		case 0:
			return &control.Exec{
				ID: id.Draw(t, "id"), Argv: list.Draw(t, "argv"), Env: list.Draw(t, "env"), Dir: text.Draw(t, "dir"),
				TTY: rapid.Bool().Draw(t, "tty"), OpenFiles: id.Draw(t, "open files"),
			}
		case 1:
			return &control.Kill{ID: id.Draw(t, "id"), Signal: rapid.IntRange(0, 127).Draw(t, "signal"), Fresh: rapid.Bool().Draw(t, "fresh"), Leader: rapid.IntRange(0, 127).Draw(t, "leader")}
		case 2:
			return &control.Exit{
				ID: id.Draw(t, "id"), Status: rapid.Uint32().Draw(t, "status"),
				UserMicros: rapid.Int64().Draw(t, "user"), SysMicros: rapid.Int64().Draw(t, "sys"), MaxRSSKiB: rapid.Int64().Draw(t, "rss"),
			}
		case 3:
			return &control.Refused{ID: id.Draw(t, "id"), Step: text.Draw(t, "step"), Errno: rapid.IntRange(0, 0xfff).Draw(t, "errno")}
		case 4:
			return &control.Fault{Step: text.Draw(t, "step"), Errno: rapid.IntRange(0, 0xfff).Draw(t, "errno")}
		case 5:
			return &control.Hello{Files: list.Draw(t, "files")}
		case 6:
			return &control.Ready{}
		case 7:
			return &control.Settle{ID: id.Draw(t, "id")}
		case 8:
			return &control.Settled{ID: id.Draw(t, "id")}
		case 9:
			return &control.Spawn{
				Namespaces: id.Draw(t, "namespaces"), UIDs: idMaps().Draw(t, "uids"), GIDs: idMaps().Draw(t, "gids"),
				Become: rapid.Bool().Draw(t, "become"), UID: rapid.Uint32().Draw(t, "uid"), GID: rapid.Uint32().Draw(t, "gid"),
				Cgroup: rapid.Bool().Draw(t, "cgroup"),
			}
		case 10:
			return &control.MapIDs{UIDs: idMaps().Draw(t, "uids"), GIDs: idMaps().Draw(t, "gids")}
		case 11:
			return &control.Spawned{PID: rapid.IntRange(0, 1<<22).Draw(t, "pid")}
		case 12:
			return &control.Mapped{}
		}
		return setups().Draw(t, "setup")
	})
}

func idMaps() *rapid.Generator[[]control.IDMap] {
	number := rapid.Uint32()
	return rapid.SliceOf(rapid.Custom(func(t *rapid.T) control.IDMap {
		return control.IDMap{Inside: number.Draw(t, "inside"), Outside: number.Draw(t, "outside"), Count: number.Draw(t, "count")}
	}))
}

func setups() *rapid.Generator[*control.Setup] {
	text := rapid.String()
	return rapid.Custom(func(t *rapid.T) *control.Setup {
		s := &control.Setup{
			Hostname: text.Draw(t, "host"), CgroupNS: rapid.Bool().Draw(t, "cgroup"), Loopback: rapid.Bool().Draw(t, "lo"),
			Filter: rapid.SliceOf(rapid.Byte()).Draw(t, "filter"), Notify: rapid.Bool().Draw(t, "notify"),
			Readable: rapid.SliceOf(text).Draw(t, "readable"), Kept: rapid.Bool().Draw(t, "kept"), Dir: text.Draw(t, "dir"),
			UID: rapid.IntRange(0, 1<<31).Draw(t, "uid"), GID: rapid.IntRange(0, 1<<31).Draw(t, "gid"),
			Steps: []control.Step{}, Standing: rapid.Bool().Draw(t, "standing"),
			Builder: control.Builder{
				Argv: rapid.SliceOf(text).Draw(t, "argv"), Program: text.Draw(t, "program"), Log: text.Draw(t, "log"),
			},
		}
		for range rapid.IntRange(0, 4).Draw(t, "steps") {
			s.Steps = append(s.Steps, control.Step{
				Op: control.Op(rapid.Byte().Draw(t, "op")), Source: text.Draw(t, "source"), Target: text.Draw(t, "target"),
				Data: text.Draw(t, "data"), Mode: rapid.Uint32().Draw(t, "mode"), Attr: rapid.Uint64().Draw(t, "attr"),
				Layers: rapid.SliceOf(text).Draw(t, "layers"), Optional: rapid.Bool().Draw(t, "optional"),
				Writable: rapid.Bool().Draw(t, "writable"), Facade: rapid.Bool().Draw(t, "facade"),
			})
		}
		return s
	})
}

func TestDecodeGivesWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := messages().Draw(t, "message")
		got, err := control.Decode(control.Encode(want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	exec := control.Encode(&control.Exec{ID: 1, Argv: []string{"true"}, Dir: "/"})
	for name, data := range map[string][]byte{
		"nothing":              {},
		"an unknown kind":      {200},
		"a message cut short":  exec[:len(exec)-1],
		"more than a message":  append(append([]byte{}, exec...), 0),
		"a list that lies":     {byte(control.KindExec), 1, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a string that lies":   {byte(control.KindFault), 0xff, 0xff, 0xff, 0xff, 0x0f},
		"maps that lie":        {byte(control.KindMapIDs), 0xff, 0xff, 0xff, 0xff, 0x0f},
		"steps that lie":       {byte(control.KindSetup), 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a number of 11 bytes": {byte(control.KindKill), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
	} {
		if m, err := control.Decode(data); !errors.Is(err, control.ErrMalformed) {
			t.Errorf("%s: got %v, %v", name, m, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range []control.Message{
		&control.Exec{ID: 1, Argv: []string{"sh", "-c", "true"}, Env: []string{"A=b"}, Dir: "/workspace"},
		&control.Kill{ID: 1, Signal: 9, Fresh: true, Leader: 30},
		&control.Settle{ID: 1},
		&control.Settled{ID: 1},
		&control.Exit{ID: 1, Status: 256, UserMicros: 5, SysMicros: -1, MaxRSSKiB: 100},
		&control.Refused{ID: 2, Step: "exec", Errno: 2},
		&control.Fault{Step: "mount", Errno: 1},
		&control.Hello{Files: []string{"root", "listener"}},
		&control.Ready{},
		&control.Spawn{Namespaces: 1 << 28, UIDs: []control.IDMap{{Inside: 0, Outside: 100000, Count: 65536}}, GIDs: []control.IDMap{}, Become: true, UID: 1000, GID: 1000},
		&control.MapIDs{UIDs: []control.IDMap{}, GIDs: []control.IDMap{{Inside: 1, Outside: 2, Count: 3}}},
		&control.Spawned{PID: 4242},
		&control.Mapped{},
		&control.Setup{Steps: []control.Step{{Op: control.OpDir, Target: "/a", Layers: []string{"#0"}}}, Dir: "/"},
		&control.Setup{Standing: true, Builder: control.Builder{Argv: []string{"bwrap"}, Program: "#1", Log: "#2"}},
	} {
		f.Add(control.Encode(m))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := control.Decode(data)
		if err != nil {
			return
		}
		again, err := control.Decode(control.Encode(m))
		if err != nil {
			t.Fatalf("%v decodes, and not when it is encoded again: %v", m, err)
		}
		if diff := cmp.Diff(m, again); diff != "" {
			t.Error(diff)
		}
	})
}
