# SPDX-License-Identifier: MIT

# Version control stamps are of no use here, and fail in a clone that belongs
# to somebody else.
export GOFLAGS := $(strip $(shell go env GOFLAGS) -buildvcs=false)

# What go test runs with, besides the packages.
TESTFLAGS ?= -count=1 -timeout=20m
# How long each fuzz target runs, two at a time: with make fuzz, and with make test.
FUZZTIME ?= 60s
TEST_FUZZTIME ?= 60s
# For how long make soak goes on.
SOAKTIME ?= 1h
# What goes to the benchmarks, such as -quick or -only=REGEXP.
BENCHFLAGS ?=

TOOL := go tool -modfile=tools.mod

.DEFAULT_GOAL := build
.PHONY: help build install generate drift lint test fuzz soak bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## compile everything
	go build ./...

install: ## install the commands sandbox and sandboxd, and the init for containers, static
	CGO_ENABLED=0 go install ./cmd/sandbox ./cmd/sandboxd ./cmd/sandbox-init

generate: ## write the generated code anew
	go generate ./...

drift: ## fail if the generated code is not what generate writes
	hack/drift.sh

lint: ## gofumpt, go vet for each platform, staticcheck
	@bad=$$($(TOOL) gofumpt -l .) && if [ -n "$$bad" ]; then echo "not formatted by gofumpt:"; echo "$$bad"; exit 1; fi
	GOOS=linux GOARCH=amd64 go vet ./...
	GOOS=linux GOARCH=arm64 go vet ./...
	GOOS=darwin GOARCH=arm64 go vet ./...
	$(TOOL) staticcheck ./...

test: ## set the machine up, then all checks and the suite, as root and as a plain user
	hack/setup.sh
	TESTFLAGS='$(TESTFLAGS)' FUZZTIME='$(TEST_FUZZTIME)' hack/test.sh

fuzz: ## each fuzz target for FUZZTIME
	hack/fuzz.sh $(FUZZTIME)

soak: ## the oracle with new seeds and the races of the ledger for SOAKTIME, then 10,000 sandboxes
	hack/soak.sh $(SOAKTIME)

bench: ## measure, and write docs/benchmarks.md and docs/plots
	hack/bench.sh $(BENCHFLAGS)
