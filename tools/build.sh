#!/bin/sh
# Compiles src/main/berth.ts and everything it embeds into dist/berth. Split into chunks, so that a command does not load the engine (13 ms against 23).
set -eu
mkdir -p dist
node_modules/.bin/bun build --compile --bytecode --format=esm --splitting --minify --sourcemap=none --target=bun-linux-x64 --root src src/main/berth.ts src/archive/root-worker.ts --outfile dist/berth >build/bundle.log 2>&1 || {
  cat build/bundle.log >&2
  exit 1
}
# For programs that take an OCI runtime as one word: podman --runtime, containerd's runc-binary.
cat >dist/berth-oci <<'WRAPPER'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/berth" oci "$@"
WRAPPER
chmod 755 dist/berth-oci
