// SPDX-License-Identifier: MIT

package docker

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/leaktest"
)

// lateEngine is an engine in whose container the init calls, and which says that the
// container has ended when nobody waits for that any more. It stands where the
// connections are made, since a real one's answer is dropped with the connection.
type lateEngine struct {
	desk   *desk
	answer io.Reader // to the wait
	caller chan int  // the init's end of the socket
}

func (e *lateEngine) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: http.NoBody, Request: r}
	switch {
	case strings.HasSuffix(r.URL.Path, "/wait"):
		answer.Body = io.NopCloser(e.answer)
	case strings.HasSuffix(r.URL.Path, "/start"):
		answer.StatusCode = http.StatusNoContent
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		if err := unix.Connect(fd, &unix.SockaddrUnix{Name: filepath.Join(e.desk.open, "socket")}); err != nil {
			unix.Close(fd)
			return nil, err
		}
		e.caller <- fd
	}
	return answer, nil
}

// TestAwaitLate has an engine say that a container has ended after its init has
// called: the client must not be left with an answer that nobody takes.
func TestAwaitLate(t *testing.T) {
	before := goleak.IgnoreCurrent()
	d, err := newDesk("test")
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	answer, say := io.Pipe()
	engine := &lateEngine{desk: d, answer: answer, caller: make(chan int, 1)}
	r := &Runtime{options: options{patience: time.Minute}, host: client.DefaultDockerHost}
	if r.client, err = client.New(client.WithHTTPClient(&http.Client{Transport: engine}), client.WithAPIVersion(minAPI)); err != nil {
		t.Fatal(err)
	}
	init, started, err := (&instance{runtime: r, id: "c"}).await(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(<-engine.caller)
	defer unix.Close(init.pidfd)
	defer init.conn.Close()
	if err := <-started; err != nil {
		t.Error(err)
	}
	if _, err := io.WriteString(say, `{"StatusCode":137}`); err != nil {
		t.Fatal(err)
	}
	say.Close()
	if err := leaktest.Find(before); err != nil {
		t.Error(err)
	}
}
