// SPDX-License-Identifier: MIT

package sandbox

import (
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/sandbox-rls/sandbox/runtime"
)

// Option is a choice made when a sandbox is created.
type Option func(*options)

type options struct {
	req     CreateSandboxRequest
	preset  string
	rules   []Rule
	ruled   bool // there were rules to add, if only none
	ignore  []string
	noStart bool
	service Service
}

// Network says which network a sandbox has.
type Network = runtime.Network

// The networks.
const (
	// NetworkNone is a loopback interface of its own. The default.
	NetworkNone = runtime.NetworkNone
	// NetworkHost is the host's network, abstract unix sockets included.
	NetworkHost = runtime.NetworkHost
	// NetworkBridge is the default network of a Docker engine; its other networks go
	// by their names. It is for the runtime docker.
	NetworkBridge = runtime.NetworkBridge
)

// WithPreset takes the rules of a preset. Without it and without WithRules the
// preset is DefaultPreset.
func WithPreset(name string) Option { return func(o *options) { o.preset = name } }

// WithRules adds rules: to those of WithPreset, or, without it, to none, so
// that what no rule speaks of is hidden: WithRules() hides all. Several calls add up.
func WithRules(rules ...Rule) Option {
	return func(o *options) { o.rules, o.ruled = append(slices.Clone(o.rules), rules...), true }
}

// WithIgnore hides what matches the patterns, whatever the other rules say.
func WithIgnore(patterns ...string) Option {
	return func(o *options) { o.ignore = append(slices.Clone(o.ignore), patterns...) }
}

// WithLive puts the sandbox on the directory itself instead of a snapshot. What
// the host changes there is then seen inside, and a file that appears later is
// seen whatever the rules say of it: they hide what there is at the start. Use
// it for trees that do not change meanwhile. Where something is hidden, the
// directory must not be on an overlay file system, as that of a container is.
func WithLive() Option { return func(o *options) { o.req.Live = true } }

// WithLabels attaches labels, which Info gives back.
func WithLabels(labels map[string]string) Option {
	return func(o *options) {
		o.req.Labels = maps.Clone(o.req.Labels)
		if o.req.Labels == nil {
			o.req.Labels = map[string]string{}
		}
		maps.Copy(o.req.Labels, labels)
	}
}

// WithRuntime runs the sandbox by another runtime than the manager's, which is
// the native one unless its Config says otherwise. It must own files as the same user.
func WithRuntime(r runtime.Runtime) Option {
	return func(o *options) { o.req.runtime, o.req.Runtime = r, r.Name() }
}

// WithRuntimeName runs the sandbox by the runtime of that name, of those that the
// manager has (Config.Runtimes) or that the server offers.
func WithRuntimeName(name string) Option {
	return func(o *options) { o.req.runtime, o.req.Runtime = nil, name }
}

// WithImage names what the root is taken from, by a runtime that has images. Others take no
// notice of it.
func WithImage(ref string) Option { return func(o *options) { o.req.Image = ref } }

// WithExpiry has the sandbox destroyed after a time, whatever it does then.
func WithExpiry(d time.Duration) Option { return func(o *options) { o.req.ExpiresIn = d } }

// WithIdleTimeout has the sandbox destroyed when it has done nothing for so
// long: no command, no background work in a session, no call for its files.
func WithIdleTimeout(d time.Duration) Option { return func(o *options) { o.req.IdleTimeout = d } }

// WithService has another Service than the process's own Manager hold the
// sandbox.
func WithService(svc Service) Option { return func(o *options) { o.service = svc } }

// WithNetwork chooses the network. Default NetworkNone.
func WithNetwork(n Network) Option { return func(o *options) { o.req.Network = n } }

// WithAutoStart(false) creates the sandbox stopped. Default true.
func WithAutoStart(start bool) Option { return func(o *options) { o.noStart = !start } }

// WithLogger logs what the sandbox does. Default: nothing is logged.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.req.logger = l } }

// WithOutputLimit sets how many bytes of stdout, and of stderr, a result keeps
// of each command. More is read and dropped, and the result says so. Default
// DefaultOutputLimit; a negative limit keeps all.
func WithOutputLimit(bytes int64) Option { return func(o *options) { o.req.OutputLimit = bytes } }

// DefaultOutputLimit is how much of each of stdout and stderr is kept: together
// they fit, with what frames them, into a message of 4 MB.
const DefaultOutputLimit = 2<<20 - 16<<10

func collect(opts []Option) options {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// find returns the service that the options ask for.
func (o *options) find() (Service, error) {
	if o.service != nil {
		return o.service, nil
	}
	return Default()
}

// request is what the options ask for.
func (o *options) request() (CreateSandboxRequest, error) {
	req := o.req
	req.Start = !o.noStart
	var err error
	req.Rules, err = o.policy()
	return req, err
}

// policy returns all the rules that the options ask for.
func (o *options) policy() ([]Rule, error) {
	var rules []Rule
	preset := o.preset
	if preset == "" && !o.ruled {
		preset = DefaultPreset
	}
	if preset != "" {
		base, err := GetPreset(preset)
		if err != nil {
			return nil, err
		}
		rules = base
	}
	rules = append(rules, o.rules...)
	if len(o.ignore) == 0 {
		return rules, nil
	}
	above, err := outranking(rules)
	for _, p := range o.ignore {
		rules = append(rules, Rule{Pattern: p, Permission: None, Priority: above})
	}
	return rules, err
}
