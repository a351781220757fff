#!/bin/sh
# Installs what is missing for the named jobs (build, demo, test, bench) from Debian's packages. Does nothing when all is there.
set -eu
need=
want() { # want COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 || need="$need $2"
}
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
# A package's files without installing it: no service is started, nothing on the system changes.
unpack() { # unpack PACKAGE FOLDER
  [ -d "build/packages/$2" ] && return 0
  rm -rf build/packages/tmp && mkdir -p build/packages/tmp
  (cd build/packages/tmp && chmod 777 . && apt-get -qq download "$1" >/dev/null)
  dpkg -x build/packages/tmp/*.deb build/packages/tmp/root
  mv build/packages/tmp/root "build/packages/$2"
  rm -rf build/packages/tmp
}
# The same from Debian's unstable suite, with lists of its own: the system's stay as they are.
unpack_unstable() { # unpack_unstable PACKAGE FOLDER
  [ -d "build/packages/$2" ] && return 0
  update_lists
  apt=$PWD/build/apt
  mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$apt/sources.list"
  printf 'Dir::State "%s/state";\nDir::Cache "%s/cache";\nDir::Etc::SourceList "%s/sources.list";\nDir::Etc::SourceParts "/dev/null";\nAcquire::Languages "none";\n' \
    "$apt" "$apt" "$apt" >"$apt/apt.conf"
  APT_CONFIG=$apt/apt.conf apt-get -qq update
  APT_CONFIG=$apt/apt.conf unpack "$1" "$2"
}
update_lists() {
  [ -n "${updated-}" ] && return 0
  updated=1
  as_root apt-get -qq update
}

for job in "$@"; do
  case $job in
    build)
      want gcc gcc; want make make; want npm npm
      [ -e /usr/include/linux/seccomp.h ] || need="$need linux-libc-dev"
      [ -e /usr/include/x86_64-linux-gnu/sys/mount.h ] || [ -e /usr/include/sys/mount.h ] || need="$need libc6-dev" ;;
    demo) want mmdebstrap mmdebstrap; want nsenter util-linux ;;
    test)
      want mmdebstrap mmdebstrap; want busybox busybox-static; want nsenter util-linux; want ip iproute2; want ps procps
      want skopeo skopeo; want umoci umoci; want script bsdutils; want qemu-system-x86_64 qemu-system-x86; want cpio cpio; want zstd zstd; want cpp cpp; want python3 python3; want modinfo kmod; want openssl openssl
      want podman podman; want conmon conmon
      [ -e /usr/lib/gcc/x86_64-linux-gnu/12/libasan.so ] || [ -n "$(find /usr/lib/gcc -name 'libasan.so' 2>/dev/null | head -n 1)" ] || need="$need libgcc-12-dev" ;;
    bench) want skopeo skopeo; want mmdebstrap mmdebstrap; want busybox busybox-static; want hyperfine hyperfine; want crun crun; want runc runc ;;
    *) echo "install.sh: no job '$job'" >&2; exit 2 ;;
  esac
done
if [ -n "$need" ]; then
  echo "installing:$need"
  update_lists
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $need >/dev/null
fi
case " $* " in *" bench "*)
  command -v docker-registry >/dev/null 2>&1 || [ -d build/packages/docker-registry ] || { update_lists; unpack docker-registry docker-registry; } ;;
esac
case " $* " in *" test "*)
  # The docker client alone and of version 28, where the machine has none: the package of an engine would start it.
  case "$(docker --version 2>/dev/null)" in *" version 28."*) ;; *) unpack_unstable docker-cli docker ;; esac
  # containerd and its shim, for the test of `berth oci`.
  command -v containerd-shim-runc-v2 >/dev/null 2>&1 || { update_lists; unpack containerd containerd; }
  # A registry, likewise.
  command -v docker-registry >/dev/null 2>&1 || [ -d build/packages/docker-registry ] || { update_lists; unpack docker-registry docker-registry; }
  # A kernel for the guest that tests cgroup v2.
  if [ ! -d build/packages/kernel ]; then
    update_lists
    image=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
    unpack "$image" kernel
  fi ;;
esac
