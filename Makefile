# The project's commands. `make demo` and `make test` are the two a newcomer needs.
BUILD := build/release
JOBS ?= $(shell nproc)

.PHONY: deps configure build test demo bench clean

deps:
	@scripts/install-deps.sh

configure: deps
	@cmake --preset release >/dev/null || cmake --preset release

build: configure
	@cmake --build $(BUILD) -j $(JOBS) --target liftedgan

test: configure
	@cmake --build $(BUILD) -j $(JOBS)
	@ctest --test-dir $(BUILD) -LE slow --output-on-failure -j $(JOBS)

bench: configure
	@cmake --build $(BUILD) -j $(JOBS) --target liftedgan benches
	@scripts/bench.sh $(BUILD)

demo: build
	@scripts/demo.sh $(BUILD)

clean:
	rm -rf build out
