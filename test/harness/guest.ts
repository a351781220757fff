import { mkdirSync, mkdtempSync, rmSync, readdirSync, copyFileSync, chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok, run } from './command.ts';

const modules = ['overlay', 'virtio_pci', 'virtio_blk', 'ext4', 'veth', 'bridge'];

/**
 * Boots Debian's cloud kernel with cgroup v2 alone in QEMU, runs `script` (a shell script; `files` are copied into the guest's root) and returns what it
 * printed on the console. @throws when QEMU ends without the script's last line `guest: done`.
 */
export async function runInGuest(script: string, files: Readonly<Record<string, string>>): Promise<string> {
  const kernel = firstIn('build/packages/kernel/boot', /^vmlinuz-/);
  const version = kernel.slice(kernel.indexOf('vmlinuz-') + 8);
  const root = mkdtempSync(join(tmpdir(), 'guest-'));
  try {
    for (const name of ['bin', 'sbin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'run', 'lib', 'lib64', 'modules', 'var/lib'])
      mkdirSync(join(root, 'root', name), { recursive: true });
    copyFileSync(Bun.which('busybox') ?? '/bin/busybox', join(root, 'root/bin/busybox'));
    chmodSync(join(root, 'root/bin/busybox'), 0o755);
    for (const applet of (await ok(['busybox', '--list'])).split('\n'))
      if (applet !== 'busybox') symlinkSync('/bin/busybox', join(root, 'root/bin', applet));
    for (const [target, source] of Object.entries(files)) {
      mkdirSync(join(root, 'root', target, '..'), { recursive: true });
      await ok(['cp', '-L', source, join(root, 'root', target)]);
    }
    const order = await moduleOrder(version);
    for (const [index, path] of order.entries()) copyFileSync(path, join(root, 'root/modules', `${String(index).padStart(3, '0')}.ko`));
    writeFileSync(
      join(root, 'root/init'),
      `#!/bin/sh
export PATH=/bin:/sbin
if [ "$1" != moved ]; then
  # A root that pivot_root(2) can leave: the initramfs itself is none.
  mkdir -p /new; mount -t tmpfs -o size=1500m new /new
  mount -t proc proc /proc; for m in /modules/*.ko; do insmod $m 2>/dev/null; done
  for d in /*; do [ $d = /new ] || [ $d = /proc ] || cp -a $d /new/; done; mkdir -p /new/proc; umount /proc
  exec switch_root /new /init moved
fi
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts devpts /dev/pts; mount -t mqueue mqueue /dev/mqueue
mount -t tmpfs tmpfs /tmp; mount -t tmpfs tmpfs /run; mount -t tmpfs -o size=1g tmpfs /var/lib
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up 2>/dev/null
sh /script 2>&1
echo "guest: done"
poweroff -f
`,
      { mode: 0o755 },
    );
    writeFileSync(join(root, 'root/script'), script);
    await ok(['sh', '-c', `cd ${root}/root && find . | cpio -o -H newc --quiet | gzip -1 > ${root}/initrd`], { timeout: 120 });
    const finished = await run(
      [
        ...['qemu-system-x86_64', '-nographic', '-no-reboot', '-m', '3072', '-smp', '2', '-kernel', kernel, '-initrd', `${root}/initrd`],
        ...['-append', 'console=ttyS0 quiet loglevel=0 panic=-1 systemd.unified_cgroup_hierarchy=1', '-net', 'none'],
        // Software emulation: nested KVM dies in this kernel's early boot on some hosts, and a boot takes six seconds without it.
        ...['-accel', 'tcg,thread=multi', '-cpu', 'max'],
      ],
      { timeout: 300 },
    );
    if (!finished.stdout.includes('guest: done')) throw new Error(`The guest did not finish:\n${finished.both}`);
    return finished.stdout.replaceAll('\r', '');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

// The wanted modules and what they need, needed ones first (modules.dep may be missing in an unpacked package, so modinfo is asked).
async function moduleOrder(version: string): Promise<readonly string[]> {
  const folder = `build/packages/kernel/lib/modules/${version}`;
  const all = new Map<string, string>();
  const listed = (await ok(['find', folder, '-name', '*.ko'])).split('\n').filter(Boolean);
  for (const path of listed) all.set(path.slice(path.lastIndexOf('/') + 1, -3).replaceAll('-', '_'), path);
  const order: string[] = [];
  const add = async (name: string): Promise<void> => {
    const path = all.get(name);
    if (path === undefined || order.includes(path)) return; // Built in, or there already.
    const needs = (await ok(['modinfo', '-F', 'depends', path])).split(',').filter(Boolean);
    for (const need of needs) await add(need.trim().replaceAll('-', '_'));
    order.push(path);
  };
  for (const name of modules) await add(name);
  return order;
}

function firstIn(folder: string, pattern: RegExp): string {
  const name = readdirSync(folder).find((entry) => pattern.test(entry));
  if (name === undefined) throw new Error(`${folder} has no ${pattern}: run \`make test\``);
  return join(folder, name);
}
