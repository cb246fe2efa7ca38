// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox"
)

// isTerminal reports whether a file is a terminal.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// terminalSize is the size of a terminal; zero if it is none.
func terminalSize(f *os.File) sandbox.TerminalSize {
	ws, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return sandbox.TerminalSize{}
	}
	return sandbox.TerminalSize{Rows: ws.Row, Cols: ws.Col}
}

// makeRaw has a terminal pass on every key as it is: it is the command's
// terminal that gives keys a meaning (termios(3), cfmakeraw).
func makeRaw(f *os.File) (restore func()) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return func() {}
	}
	raw := *before
	raw.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	raw.Oflag &^= unix.OPOST
	raw.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	raw.Cflag = raw.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &raw); err != nil {
		return func() {}
	}
	return func() { _ = unix.IoctlSetTermios(fd, unix.TCSETS, before) }
}

// followSize gives a command's terminal the size that the user's takes on.
func (a *app) followSize(c *sandbox.Command) (stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, unix.SIGWINCH)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range changed {
			if size := terminalSize(a.stdout); size.Rows > 0 {
				_ = c.Resize(size)
			}
		}
	}()
	return func() {
		signal.Stop(changed)
		close(changed)
		<-done
	}
}
