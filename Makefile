# The project's commands. `make demo` and `make test` are the two a newcomer needs.
BUILD := build/release
JOBS ?= $(shell nproc)

.PHONY: deps build test demo bench clean

deps:
	@scripts/install-deps.sh

build: deps
	@cmake --preset release >/dev/null || cmake --preset release
	@cmake --build $(BUILD) -j $(JOBS)

test: build
	@ctest --test-dir $(BUILD) -LE slow --output-on-failure -j $(JOBS)

bench: build
	@scripts/bench.sh $(BUILD)

demo: build
	@scripts/demo.sh $(BUILD)

clean:
	rm -rf build out
