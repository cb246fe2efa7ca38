// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"runtime"
)

// peerArg makes a program that has this package the second process of a probe.
const peerArg = "fsguardtest-peer"

// peer is that process as the probe sees it.
type peer struct {
	in  *json.Encoder
	out *json.Decoder
}

// order is what the probe sends its peer: an operation, or with none a new start.
type order struct {
	Style style
	Op    *op
}

// second has the second process do something.
func (p *prober) second(o *op) result {
	if p.peer == nil {
		started, err := startPeer()
		if err != nil {
			return failed(err)
		}
		p.peer = started
		p.peer.reset()
	}
	mine := *o
	mine.Proc = 0
	return p.peer.send(order{p.style, &mine})
}

// startPeer starts one, which ends with the probe.
func startPeer() (*peer, error) {
	cmd := exec.Command(Workspace+probePath, peerArg)
	cmd.Dir, cmd.Stderr = Workspace, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &peer{json.NewEncoder(in), json.NewDecoder(out)}, cmd.Start()
}

func (p *peer) reset() {
	if p != nil {
		p.send(order{})
	}
}

func (p *peer) send(o order) (r result) {
	if err := p.in.Encode(o); err != nil {
		return failed(err)
	}
	if err := p.out.Decode(&r); err != nil {
		return failed(err)
	}
	return r
}

// servePeer is the life of the second process.
func servePeer(in io.Reader, out io.Writer) error {
	runtime.LockOSThread()
	p := &prober{}
	orders, results := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o order
		if err := orders.Decode(&o); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		var r result
		if o.Op == nil {
			p.reset()
		} else {
			p.style = o.Style
			r = p.do(o.Op)
		}
		if err := results.Encode(r); err != nil {
			return err
		}
	}
}
