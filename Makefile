# Two commands to start with: `make demo` and `make test`. All paths are relative, so the folder may have any name.
BUN := node_modules/.bin/bun

.PHONY: demo test build native check format bench clean
.DEFAULT_GOAL := build

demo: ; @sh tools/install.sh build demo && $(MAKE) --no-print-directory build && bash tools/demo.sh

test: ; @sh tools/install.sh build test && $(MAKE) --no-print-directory build && $(BUN) tools/test.ts

build: dist/berth

# Typecheck, lint, format and the tests beside the code; `make test` adds the system tests.
check: build ; @$(BUN) tools/test.ts --quick

bench: ; @sh tools/install.sh build bench && $(MAKE) --no-print-directory build && $(BUN) bench/run.ts

format: node_modules/.installed ; @node_modules/.bin/oxfmt src test bench tools

native: ; @$(MAKE) --no-print-directory -s -C native all && $(MAKE) --no-print-directory -s -C native -f hello.mk hello

node_modules/.installed: package.json package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

SOURCES := $(shell find src native -name '*.ts' -o -name '*.c' -o -name '*.h' -o -name '*.json' -o -name 'Makefile' -o -name '*.mk')

dist/berth: node_modules/.installed tools/build.sh $(SOURCES)
	@$(MAKE) --no-print-directory native && sh tools/build.sh

clean: ; @rm -rf dist build
