// SPDX-License-Identifier: MIT

package main

import (
	"log/slog"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sandbox-rls/sandbox/server/metrics"
)

// metricsHandler is what /metrics serves.
func metricsHandler(calls *metrics.Calls, l metrics.Lister, log *slog.Logger) http.Handler {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sandbox_build_info", Help: "1, labelled by what the program was built of.",
		ConstLabels: prometheus.Labels{"version": version(), "goversion": runtime.Version()},
	})
	build.Set(1)
	r := prometheus.NewRegistry()
	r.MustRegister(calls, metrics.NewSandboxes(l), build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	})
}
