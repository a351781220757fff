#!/usr/bin/env bash
# A tour in two minutes: an engine of its own, a real Debian image, containers, what isolates them, and a clean end.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" != 0 ]; then exec sudo -- bash "tools/$(basename "$0")" "$@"; fi

root=$(mktemp -d /tmp/berth-demo.XXXXXX)
berth=$PWD/dist/berth
export BERTH_HOST=unix://$root/berth.sock
engine=

finish() {
  code=$?
  trap - EXIT
  set +e
  if [ -n "$engine" ]; then
    "$berth" ps -aq 2>/dev/null | xargs -r "$berth" rm -f >/dev/null 2>&1
    kill -TERM "$engine" 2>/dev/null
    wait "$engine" 2>/dev/null
  fi
  if [ "$code" != 0 ]; then echo "The demo failed; the engine said:" >&2; tail -n 40 "$root/log" >&2; fi
  rm -rf "$root"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { # prints a command as typed, then runs it
  local typed=$* ; printf '\033[36m$ %s\033[0m\n' "${typed//$berth/berth}"; "$@"
}

say "1. An engine with its own data, socket and cgroups; an installed Docker is not touched"
"$berth" daemon --data-root "$root/data" --exec-root "$root/run" --host "$BERTH_HOST" --pidfile "$root/pid" --bridge "bd${root: -6}" 2>"$root/log" &
engine=$!
for _ in $(seq 500); do grep -q 'API listen on' "$root/log" && break; kill -0 "$engine"; sleep 0.02; done
show "$berth" version --format 'engine {{.Server.Version}}, API {{.Server.APIVersion}}'

say "2. Hello, from an image inside the executable"
show "$berth" run --rm hello-world

say "3. A real Debian, made from this machine's package mirror"
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
cache=build/cache/demo-$suite.tar
if [ -e "$cache" ]; then
  show "$berth" load -q -i "$cache"
else
  show "$berth" image bootstrap "debian:$suite"
  mkdir -p build/cache && "$berth" save -o "$cache.part" "debian:$suite" debian:latest && mv "$cache.part" "$cache"
fi
show "$berth" images

say "4. A container: its own root, processes, host name and network"
show "$berth" run --rm -h inside debian bash -c '. /etc/os-release; echo "$PRETTY_NAME on $(hostname), pid $$"; ls -d /proc/[0-9]*'

say "5. What isolates it: each namespace beside this shell's"
id=$("$berth" run -d --name namespace-demo -m 64m --cpus 0.5 --pids-limit 100 debian sleep 1000)
pid=$("$berth" inspect -f '{{.State.Pid}}' namespace-demo)
for kind in mnt pid uts ipc net cgroup user time; do
  here=$(readlink /proc/self/ns/$kind) there=$(readlink "/proc/$pid/ns/$kind")
  printf '   %-7s shell %-22s container %-22s %s\n' "$kind" "${here#*:}" "${there#*:}" "$([ "$here" = "$there" ] && echo shared || echo its own)"
done
echo "   cgroup  $(grep -m1 -E 'memory|^0::/.' "/proc/$pid/cgroup")"
echo "   caps    $(grep CapEff "/proc/$pid/status")   seccomp mode$(grep -m1 Seccomp: "/proc/$pid/status" | cut -d: -f2)"
show "$berth" exec namespace-demo cat /proc/1/comm

say "6. It runs on while the engine dies (kill -9) and a new one takes over"
kill -9 "$engine"; wait "$engine" 2>/dev/null || true
"$berth" daemon --data-root "$root/data" --exec-root "$root/run" --host "$BERTH_HOST" --pidfile "$root/pid" --bridge "bd${root: -6}" 2>"$root/log" &
engine=$!
for _ in $(seq 500); do grep -q 'API listen on' "$root/log" && break; kill -0 "$engine"; sleep 0.02; done
show "$berth" ps
[ "$("$berth" inspect -f '{{.State.Pid}}' namespace-demo)" = "$pid" ] && echo "   still pid $pid"

say "7. How fast: ten containers, one after another"
started=$(date +%s%N)
for _ in 1 2 3 4 5 6 7 8 9 10; do "$berth" run --rm --network none debian true; done
echo "   $((($(date +%s%N) - started) / 10000000)) ms for each: create, start, run, remove"

if command -v docker >/dev/null 2>&1; then
  say "8. The unchanged docker client, on the same engine"
  show docker -H "$BERTH_HOST" ps --format 'table {{.ID}}\t{{.Image}}\t{{.Status}}\t{{.Names}}'
  show docker -H "$BERTH_HOST" run --rm debian echo "run by docker, isolated by berth"
fi

say "The end: containers removed, engine stopped, nothing left in ${root%.*}.*"
show "$berth" rm -f namespace-demo
