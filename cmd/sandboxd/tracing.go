// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"os"

	"connectrpc.com/connect"
	"connectrpc.com/otelconnect"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// tracing sends spans of calls to a collector, where the environment names one as
// OpenTelemetry has it. Otherwise both of what it returns do nothing.
func tracing(ctx context.Context) (calls []connect.Interceptor, end func(context.Context) error, err error) {
	end = func(context.Context) error { return nil }
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" || os.Getenv("OTEL_SDK_DISABLED") == "true" {
		return nil, end, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, end, fmt.Errorf("OpenTelemetry: %w", err)
	}
	res, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(), resource.WithProcessPID(), resource.WithFromEnv())
	if err != nil {
		return nil, end, fmt.Errorf("OpenTelemetry: %w", err)
	}
	if os.Getenv("OTEL_SERVICE_NAME") == "" {
		named := resource.NewSchemaless(attribute.String("service.name", "sandboxd"))
		if res, err = resource.Merge(named, res); err != nil {
			return nil, end, fmt.Errorf("OpenTelemetry: %w", err)
		}
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(res))
	i, err := otelconnect.NewInterceptor(
		otelconnect.WithTracerProvider(provider),
		otelconnect.WithPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})),
		otelconnect.WithoutMetrics(), // which /metrics has
	)
	if err != nil {
		return nil, end, fmt.Errorf("OpenTelemetry: %w", err)
	}
	return []connect.Interceptor{i}, provider.Shutdown, nil
}
