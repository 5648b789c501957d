# The gate of the house. "make test" is what a fresh clone runs; "make check" is the same
# without installing anything. CI runs .ci/run, which runs "make test".

FUZZTIME ?= 5000x
SYSTEMS  := linux darwin windows freebsd

.PHONY: help
help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: build
build: ## build bin/dray
	CGO_ENABLED=0 go build -trimpath -buildvcs=auto -o bin/ ./cmd/dray

.PHONY: packages
packages: ## build the deb and the rpm in bin/, and check them
	@scripts/packages

.PHONY: test
test: peers check ## install what the tests need, then run the whole gate

.PHONY: check
check: format vet staticcheck cross fuzz race ## run the whole gate (SKIP_PEERS=1: without real peers)

.PHONY: format
format: ## every file is as gofmt writes it
	@files=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$files" ]; then echo "gofmt -w these:" $$files; exit 1; fi

.PHONY: vet
vet: ## go vet
	go vet ./...

.PHONY: staticcheck
staticcheck: ## staticcheck, in the version that tools/go.mod pins
	go tool -modfile=tools/go.mod staticcheck ./...

.PHONY: cross
cross: ## build and vet for every system that dray runs on
	@set -e; for os in $(SYSTEMS); do \
		echo "build and vet for $$os"; \
		CGO_ENABLED=0 GOOS=$$os go build ./...; \
		CGO_ENABLED=0 GOOS=$$os go vet ./...; \
	done

.PHONY: fuzz
fuzz: ## run every fuzz target FUZZTIME (default 5000x; 10m for ten minutes)
	@scripts/fuzz $(FUZZTIME)

.PHONY: race
race: ## all tests under the race detector: units, import table, scripts, real peers
	go test -race -timeout 12m ./...

.PHONY: peers
peers: ## install the real clients and servers that the tests use (Debian, root)
	@scripts/peers

.PHONY: judges
judges: peers ## let other projects' suites, libraries and scanners judge dray (JUDGES=-short: the quick ones)
	scripts/judges $(JUDGES)

.PHONY: bench
bench: peers ## compare speed with other servers (BENCH=-quick: in two minutes, see docs/bench.md)
	go run ./test/bench $(BENCH)
