// SPDX-License-Identifier: MIT

package docker_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/thread"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

// The bridges of the engine, in a network namespace of its own.
var (
	defaultGateway = netip.MustParseAddr("172.31.255.1")
	namedGateway   = netip.MustParseAddr("172.31.254.1")
)

// listen greets who connects to a port of the engine's side of a bridge.
func (e *ownEngine) listen(t *testing.T, at netip.Addr) (port int) {
	t.Helper()
	var l net.Listener
	var err error
	thread.Discard(func() {
		var ns int
		ns, err = unix.Open(fmt.Sprintf("/proc/%d/ns/net", e.cmd.Process.Pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			defer unix.Close(ns)
			if err = unix.Setns(ns, unix.CLONE_NEWNET); err == nil {
				l, err = net.Listen("tcp", netip.AddrPortFrom(at, 0).String())
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("from " + c.RemoteAddr().(*net.TCPAddr).IP.String() + "\n"))
			c.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// addressOf is the address of a sandbox's one interface besides lo.
func addressOf(t *testing.T, sb *sandbox.Sandbox) netip.Addr {
	t.Helper()
	r := run(t, sb, "ls /sys/class/net; ip -4 addr show eth0 | awk '/inet /{print $2}'")
	f := strings.Fields(r.Stdout)
	if len(f) != 3 || f[0] != "eth0" || f[1] != "lo" {
		t.Fatalf("the interfaces, and the address of eth0: %+v", r)
	}
	p, err := netip.ParsePrefix(f[2])
	if err != nil {
		t.Fatal(err)
	}
	return p.Addr()
}

// TestBridges puts sandboxes in networks of an engine that has some.
func TestBridges(t *testing.T) {
	e := startEngine(t, "--bip="+defaultGateway.String()+"/24")
	_, err := e.NetworkCreate(t.Context(), "sandbox-test.net_1", client.NetworkCreateOptions{Driver: "bridge", IPAM: &network.IPAM{
		Config: []network.IPAMConfig{{Subnet: netip.PrefixFrom(namedGateway, 24).Masked(), Gateway: namedGateway}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	rt := open(t, busybox, docker.WithHost(e.host))
	for _, none := range []sandbox.Network{"", sandbox.NetworkNone} {
		sb := newSandbox(t, rt, nil, sandbox.WithNetwork(none))
		if r := run(t, sb, "ls /sys/class/net; nc -w 1 "+defaultGateway.String()+" 1"); r.Stdout != "lo\n" || !strings.Contains(r.Stderr, "unreachable") {
			t.Errorf("network %q: %+v", none, r)
		}
	}
	for name, gateway := range map[sandbox.Network]netip.Addr{sandbox.NetworkBridge: defaultGateway, "sandbox-test.net_1": namedGateway} {
		port := e.listen(t, gateway)
		sb := newSandbox(t, rt, nil, sandbox.WithNetwork(name))
		address := addressOf(t, sb)
		if !netip.PrefixFrom(gateway, 24).Contains(address) {
			t.Errorf("network %q: the address is %v", name, address)
		}
		if r := run(t, sb, fmt.Sprintf("nc %v %d", gateway, port)); r.Stdout != fmt.Sprintf("from %v\n", address) {
			t.Errorf("network %q: the gateway: %+v", name, r)
		}
		other := newSandbox(t, rt, nil, sandbox.WithNetwork(name))
		c, err := sb.StartCommand(t.Context(), sandbox.ExecRequest{Command: "echo from a neighbour | nc -l -p 7000"})
		if err != nil {
			t.Fatal(err)
		}
		if r := run(t, other, fmt.Sprintf("until nc %v 7000; do sleep 0.05; done", address)); r.Stdout != "from a neighbour\n" || addressOf(t, other) == address {
			t.Errorf("network %q: a neighbour: %+v", name, r)
		}
		c.Close()
		if info, err := sb.Info(t.Context()); err != nil || info.Network != name {
			t.Errorf("network %q: %+v, %v", name, info, err)
		}
	}
	err = refused(t, rt, sandbox.WithNetwork("no-such-network"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "network no-such-network") {
		t.Errorf("an unknown network: %v", err)
	}
	if err := refused(t, rt, sandbox.WithNetwork("container:x")); !errors.Is(err, sandbox.ErrInvalid) {
		t.Errorf("no name of a network: %v", err)
	}
	for _, c := range containers(t, e.Client, "") {
		if c.State == "created" {
			t.Errorf("left: %+v", c)
		}
	}
}

// TestNetworks needs no bridge.
func TestNetworks(t *testing.T) {
	rt := open(t, busybox)
	for network, want := range map[sandbox.Network]string{"": "", sandbox.NetworkNone: "", sandbox.NetworkHost: "host"} {
		sb := newSandbox(t, rt, nil, sandbox.WithNetwork(network))
		mine, _ := os.Readlink("/proc/self/ns/net")
		if r := run(t, sb, "readlink /proc/self/ns/net"); (strings.TrimSpace(r.Stdout) == mine) != (want == "host") {
			t.Errorf("network %q: %s", network, r.Stdout)
		}
	}
	m := manager(t)
	for network, is := range map[sandbox.Network]error{"container:x": sandbox.ErrInvalid, "no-such-network": fs.ErrNotExist} {
		sb, err := m.FromLocal(t.Context(), project(t, nil), sandbox.WithRuntime(rt), sandbox.WithNetwork(network))
		if err == nil {
			_ = sb.Close()
		}
		if !errors.Is(err, is) {
			t.Errorf("network %q: %v", network, err)
		}
	}
}
