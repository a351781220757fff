import { expect, test } from 'bun:test';
import { Libc } from '../kernel/index.ts';
import { silentLog } from '../base/index.ts';
import { Launcher } from './launcher.ts';
import { cloneFlags, mountFlags, propagation, type Op } from './ops.ts';
import { monitorOp, prepareStdio } from './stdio.ts';
import { MonitoredProcess } from './process.ts';
import { mkdtempSync, mkdirSync, copyFileSync, symlinkSync } from 'node:fs';
const libc = new Libc();
test('smoke', async () => {
  const dir = mkdtempSync('/tmp/berth-smoke-');
  mkdirSync(dir + '/root/bin', { recursive: true }); mkdirSync(dir + '/root/proc'); mkdirSync(dir+'/run');
  copyFileSync('/bin/busybox', dir + '/root/bin/busybox'); for (const n of ['true','sh','cat','ls']) symlinkSync('busybox', dir + '/root/bin/'+n);
  await using launcher = new Launcher({ libc, launcher: process.cwd()+'/build/launcher', log: silentLog });
  for (let i = 0; i < 10; i++) {
  const t0 = performance.now();
  const request = { runDirectory: dir+'/run', stdio: { kind: 'pipes', stdin: false } as const };
  const stdio = prepareStdio(libc, request.stdio);
  const ops: Op[] = [monitorOp(request, ''), { op: 'clone', flags: cloneFlags.mount | cloneFlags.pid | cloneFlags.uts | cloneFlags.ipc, cgroup: -1, procWrites: [], cgroupProcs: [] },
    { op: 'attributes', path: '/', attributesSet: 0, attributesClear: 0, propagation: propagation.private, flags: mountFlags.attributesRecursive },
    { op: 'mount', type: '', source: dir+'/root', target: dir+'/root', options: [], attributesSet: 0, attributesClear: 0, propagation: 0, flags: mountFlags.bind, tree: -1, idmap: -1, into: -1 },
    { op: 'root', path: dir+'/root' },
    { op: 'mount', type: 'proc', source: 'proc', target: '/proc', options: [], attributesSet: 0, attributesClear: 0, propagation: 0, flags: 1, tree: -1, idmap: -1, into: -1 },
    { op: 'pivot' }, { op: 'user', user: '', uid: 0, gid: 0, groups: [] },
    { op: 'exec', args: ['sh', '-c', 'echo hello; ls -l /proc/self/fd; ps; echo err >&2; exit 7'], env: ['PATH=/bin'], init: 0 }];
  const c = await launcher.launch(ops, stdio.slots);
  libc.close(...stdio.theirs);
  const t1 = performance.now();
  const s = await c.next('started', 'failed');
  if (i === 9) console.log(s, t1 - t0, performance.now() - t0);
  if (s.event === 'failed') break;
  const p = new MonitoredProcess(libc, { id: 'x', pid: s.pid, startedAt: s.startedAt, terminal: false, connection: c, stdio: stdio.ours });
  for await (const o of p.output()) if (i===9) console.log(o.stream, Buffer.from(o.bytes).toString());
  const e = await p.exited;
  if (i === 9) console.log(e, performance.now() - t0);
  }
  console.log(await Bun.file(dir+'/run/exit').text());
});
