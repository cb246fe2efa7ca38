// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"syscall"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// driven is a command that is fed.
type driven struct {
	outputs iter.Seq2[sandbox.ExecOutput, error]
	resize  func(sandbox.TerminalSize) error
	signal  func(syscall.Signal) error
	close   func()
}

// drive starts a command that is fed. A service whose commands cannot be driven
// takes standard input all the same.
func drive(ctx context.Context, svc sandbox.Service, id string, req sandbox.ExecRequest) (*driven, error) {
	starter, ok := svc.(sandbox.CommandStarter)
	if ok {
		c, err := starter.StartCommand(ctx, id, req)
		if err == nil {
			return &driven{c.Output(), c.Resize, func(sig syscall.Signal) error { return c.Signal(sig) }, func() { _ = c.Close() }}, nil
		}
		if !errors.Is(err, sandbox.ErrUnsupported) {
			return nil, err
		}
	}
	unsupported := fmt.Errorf("%w: the commands of this server take no signals and no sizes", sandbox.ErrUnsupported)
	return &driven{
		svc.ExecStream(ctx, id, req), func(sandbox.TerminalSize) error { return unsupported },
		func(syscall.Signal) error { return unsupported }, func() {},
	}, nil
}

// interact runs a command that is fed by the stream.
func (s *server) interact(ctx context.Context, svc *limited, start *sandboxv1.ExecRequest, req sandbox.ExecRequest, stream *connect.BidiStream[sandboxv1.ExecInput, sandboxv1.ExecOutput]) error {
	end, err := svc.command()
	if err != nil {
		return err
	}
	defer end()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	in := newIntake()
	defer in.refuse()
	if req.Stdin != nil {
		req.Stdin = io.MultiReader(req.Stdin, in)
	} else {
		req.Stdin = in
	}
	d, err := drive(ctx, svc.Service, start.GetSandboxId(), req)
	if err != nil {
		return err
	}
	defer d.close()
	go func() {
		if err := d.take(stream.Receive, in); err != nil {
			cancel(err)
		}
	}()
	err = s.stream(d.outputs, start.GetFullResult(), stream.Send)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// take hands on what the client sends, until it sends no more.
func (d *driven) take(receive func() (*sandboxv1.ExecInput, error), stdin *intake) error {
	defer stdin.end()
	for {
		m, err := receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch in := m.GetInput().(type) {
		case *sandboxv1.ExecInput_Stdin:
			stdin.give(in.Stdin)
		case *sandboxv1.ExecInput_CloseStdin:
			stdin.end()
		case *sandboxv1.ExecInput_Resize:
			var size sandbox.TerminalSize
			if size, err = wire.SizeFrom(in.Resize); err == nil {
				err = d.resize(size)
			}
		case *sandboxv1.ExecInput_Signal:
			if in.Signal <= 0 || in.Signal > 64 {
				return invalidf("no signal has the number %d", in.Signal)
			}
			err = d.signal(syscall.Signal(in.Signal))
		default:
			err = invalidf("a message that says nothing, or starts a second command")
		}
		if err != nil {
			return err
		}
	}
}
