// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/servicetest"
	"github.com/sandbox-rls/sandbox/server/client"
)

// TestServiceByGRPCGo has all calls made by google.golang.org/grpc: a proxy stands
// between, which passes the messages on as they are, with their errors, details
// and metadata as that library understands them.
func TestServiceByGRPCGo(t *testing.T) {
	t.Parallel()
	servicetest.Run(t, func(t *testing.T) sandbox.Service {
		return dial(t, proxy(t, serve(t, manager(t)).URL), client.WithGRPC())
	})
}

// raw passes messages on as bytes.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}

func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

var _ encoding.CodecV2 = raw{}

// proxy makes the calls that it gets anew.
func proxy(t testing.TB, url string) string {
	conn, err := grpc.NewClient(strings.TrimPrefix(url, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(raw{})))
	must(t, err)
	s := grpc.NewServer(grpc.ForceServerCodecV2(raw{}), grpc.UnknownServiceHandler(func(_ any, in grpc.ServerStream) error {
		return forward(conn, in)
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	done := make(chan error)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		must(t, <-done)
		must(t, conn.Close())
	})
	return "http://" + l.Addr().String()
}

func forward(conn *grpc.ClientConn, in grpc.ServerStream) error {
	procedure, _ := grpc.MethodFromServerStream(in)
	ctx, cancel := context.WithCancel(in.Context())
	defer cancel()
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, md)
	}
	out, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, procedure)
	if err != nil {
		return err
	}
	go func() {
		for {
			var m []byte
			if in.RecvMsg(&m) != nil {
				_ = out.CloseSend()
				return
			}
			if out.SendMsg(&m) != nil {
				return
			}
		}
	}()
	for {
		var m []byte
		err := out.RecvMsg(&m)
		if err == io.EOF {
			in.SetTrailer(out.Trailer())
			return nil
		}
		if err != nil {
			return err
		}
		if err := in.SendMsg(&m); err != nil {
			return err
		}
	}
}
