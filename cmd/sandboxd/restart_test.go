// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	pb "github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// family lists a process and all its descendants, each with when it began: the
// number of one that has ended may be another's.
func family(t *testing.T, pid int) map[int]string {
	t.Helper()
	began, children := map[int]string{}, map[int][]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], n)
		began[n] = fields[19]
	}
	all := map[int]string{}
	for todo := []int{pid}; len(todo) > 0; todo = todo[1:] {
		all[todo[0]] = began[todo[0]]
		todo = append(todo, children[todo[0]]...)
	}
	return all
}

func runs(pid int, began string) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	return fields[0] != "Z" && fields[19] == began
}

// TestKill kills a server with all that it does, and starts it again.
func TestKill(t *testing.T) {
	require(t)
	ctx := context.Background()
	state := t.TempDir()
	d := start(t, "--state-dir", state, "--park-after", "-1s")

	cb, err := d.codebases().CreateCodebase(ctx, &pb.CreateCodebaseRequest{Name: "kept"})
	must(t, err)
	up, err := d.codebases().UploadFiles(ctx)
	must(t, err)
	must(t, up.Send(&pb.UploadChunk{Content: &pb.UploadChunk_Metadata_{Metadata: &pb.UploadChunk_Metadata{CodebaseId: cb.Id, FilePath: "a/file"}}}))
	must(t, up.Send(&pb.UploadChunk{Content: &pb.UploadChunk_Data{Data: []byte("content\n")}}))
	_, err = up.CloseAndReceive()
	must(t, err)

	var ids []string
	for range 3 {
		sb, err := d.sandboxes().CreateSandbox(ctx, &pb.CreateSandboxRequest{CodebaseId: cb.Id, Preset: "full-access", Start: true})
		must(t, err)
		ids = append(ids, sb.Id)
		d.says(sb.Id, "echo changed > mine; sleep 1000 >/dev/null 2>&1 & echo begun", "begun\n")
		session, err := d.sandboxes().CreateSession(ctx, &pb.CreateSessionRequest{SandboxId: sb.Id})
		must(t, err)
		go d.sandboxes().SessionExec(ctx, &pb.SessionExecRequest{SessionId: session.Id, Command: "sleep 1000"})
	}
	go d.exec(ids[0], "touch begun; sleep 1000")
	eventually(t, "the command runs", func() bool { out, _ := d.exec(ids[0], "ls begun"); return out == "begun\n" })
	var all map[int]string
	eventually(t, "all that is to run does", func() bool { all = family(t, d.cmd.Process.Pid); return len(all) > 3*3 })

	d.signal(syscall.SIGKILL)
	d.end()
	for pid, began := range all {
		eventually(t, fmt.Sprintf("process %d ends", pid), func() bool { return !runs(pid, began) })
	}

	d = start(t, "--state-dir", state)
	page, err := d.sandboxes().ListSandboxes(ctx, &pb.ListSandboxesRequest{})
	must(t, err)
	if len(page.Sandboxes) != len(ids) {
		t.Errorf("there are %d sandboxes", len(page.Sandboxes))
	}
	for _, sb := range page.Sandboxes {
		if sb.Status != pb.SandboxStatus_SANDBOX_STATUS_STOPPED {
			t.Errorf("sandbox %s is %v", sb.Id, sb.Status)
		}
		if _, err := d.sandboxes().StartSandbox(ctx, &pb.StartSandboxRequest{SandboxId: sb.Id}); err != nil {
			t.Error(err)
			continue
		}
		d.says(sb.Id, "cat a/file mine", "content\nchanged\n")
	}
	for _, id := range ids {
		_, err := d.sandboxes().DestroySandbox(ctx, &pb.DestroySandboxRequest{SandboxId: id})
		must(t, err)
	}
	down, err := d.codebases().DownloadFile(ctx, &pb.DownloadFileRequest{CodebaseId: cb.Id, FilePath: "mine"})
	must(t, err)
	var content []byte
	for down.Receive() {
		content = append(content, down.Msg().Data...)
	}
	if err := down.Err(); string(content) != "changed\n" || err != nil && err != io.EOF {
		t.Errorf("the codebase has %q, %v", content, err)
	}
	must(t, down.Close())

	d.signal(syscall.SIGTERM)
	d.end()
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err != nil || strings.Contains(string(mounts), state) {
		t.Errorf("something is mounted yet in %s, %v", state, err)
	}
}

// TestInit sees which program the inits are.
func TestInit(t *testing.T) {
	require(t)
	d := start(t)
	d.says(d.sandbox(), "echo hello", "hello\n")
	found := 0
	for pid := range family(t, d.cmd.Process.Pid) {
		switch exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); {
		case pid == d.cmd.Process.Pid:
		case exe == filepath.Join(programs(t), "sandbox-init"):
			found++
		case exe != "": // one that has ended has none
			t.Errorf("process %d executes %s", pid, exe)
		}
	}
	if found != 2 { // the spawner and the init
		t.Errorf("%d processes are inits, or fork them", found)
	}
}
