// SPDX-License-Identifier: MIT

package docker

import "time"

// DefaultImage is the image of sandboxes that name none.
const DefaultImage = "python:3.11-slim"

// DefaultPatience is how long an answer of the engine is waited for.
const DefaultPatience = 2 * time.Minute

// Option is a choice made for a runtime.
type Option func(*options)

type options struct {
	host     string
	image    string
	user     string
	program  string
	patience time.Duration
	progress func(Progress)
}

// WithHost names the engine's socket, "unix:///run/docker.sock". Default: what the
// environment variable DOCKER_HOST says, or else /var/run/docker.sock. It must be
// the socket of an engine on this machine.
func WithHost(host string) Option { return func(o *options) { o.host = host } }

// WithImage names the image of sandboxes that name none. Default DefaultImage.
func WithImage(ref string) Option { return func(o *options) { o.image = ref } }

// WithUser names the user that commands run as, as docker run --user does:
// "1000:1000", "agent". Default: the image's.
func WithUser(user string) Option { return func(o *options) { o.user = user } }

// WithInit names the program that is the containers' init: a static one that
// imports this package, such as cmd/sandbox-init. Default: this program if it is
// static; else a sandbox-init beside it, or in PATH.
func WithInit(path string) Option { return func(o *options) { o.program = path } }

// WithPatience bounds how long an answer of the engine is waited for; not that of
// a pull, which takes as long as it makes progress. Default DefaultPatience.
func WithPatience(d time.Duration) Option { return func(o *options) { o.patience = d } }

// WithProgress is told how the pull of an image goes on. It is called by the Start
// that waits for it.
func WithProgress(tell func(Progress)) Option { return func(o *options) { o.progress = tell } }

// Progress is a step of a pull.
type Progress struct {
	Image  string // as it was asked for
	Layer  string // which layer; "" for what concerns the whole image
	Status string // as the engine says it: "Downloading"
	// Current and Total are bytes, or 0.
	Current, Total int64
}
