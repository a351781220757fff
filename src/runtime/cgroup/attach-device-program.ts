import { dlopen, ptr, type Pointer } from 'bun:ffi';
import { closeSync, constants, openSync } from 'node:fs';
import { EngineError } from '../../base/index.ts';

const commands = { programLoad: 5, programAttach: 8, programDetach: 9, programQuery: 16, programById: 13 } as const;
const programTypeCgroupDevice = 15;
const attachTypeCgroupDevice = 6;
const allowMulti = 2;
const syscallNumber = process.arch === 'arm64' ? 280 : 321;

type Syscall = (command: number, attributes: Pointer, size: number) => number;

/** Puts device programs on cgroups, bpf(2). Loads the C library when first used: that takes as long as many containers' starts. */
export class DeviceProgramLoader {
  #bpf: Syscall | undefined;

  /**
   * Puts `program` on the cgroup at `directory` in place of those it has.
   * @throws {EngineError} InvalidArgument, when the kernel refuses it.
   */
  attach(directory: string, program: Uint8Array): void {
    const bpf = (this.#bpf ??= bindSyscall());
    const cgroup = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    let loaded = -1;
    try {
      const before = query(bpf, cgroup);
      loaded = load(bpf, program);
      // Old and new together allow only what both allow, so there is no moment without a limit.
      change(bpf, commands.programAttach, cgroup, loaded, allowMulti);
      for (const id of before) detach(bpf, cgroup, id);
    } finally {
      if (loaded >= 0) closeSync(loaded);
      closeSync(cgroup);
    }
  }
}

function bindSyscall(): Syscall {
  const { symbols } = dlopen('libc.so.6', { syscall: { args: ['i64', 'i64', 'ptr', 'i64'], returns: 'i64' } });
  return (command, attributes, size) => Number(symbols.syscall(syscallNumber, command, attributes, size));
}

function load(bpf: Syscall, program: Uint8Array): number {
  const license = new TextEncoder().encode('Apache-2.0\0');
  const attributes = new DataView(new ArrayBuffer(48));
  attributes.setUint32(0, programTypeCgroupDevice, true);
  attributes.setUint32(4, program.length / 8, true);
  attributes.setBigUint64(8, BigInt(ptr(program)), true);
  attributes.setBigUint64(16, BigInt(ptr(license)), true);
  return check(bpf(commands.programLoad, ptr(attributes), 48), 'load');
}

function change(bpf: Syscall, command: number, cgroup: number, program: number, flags: number): void {
  const attributes = new Uint32Array([cgroup, program, attachTypeCgroupDevice, flags, 0]);
  check(bpf(command, ptr(attributes), 20), 'attach');
}

/** Ids of the programs that are attached right here; at most 64. */
function query(bpf: Syscall, cgroup: number): readonly number[] {
  const ids = new Uint32Array(64);
  const attributes = new DataView(new ArrayBuffer(40));
  attributes.setUint32(0, cgroup, true);
  attributes.setUint32(4, attachTypeCgroupDevice, true);
  attributes.setBigUint64(16, BigInt(ptr(ids)), true);
  attributes.setUint32(24, ids.length, true);
  check(bpf(commands.programQuery, ptr(attributes), 40), 'query');
  return [...ids.subarray(0, attributes.getUint32(24, true))];
}

function detach(bpf: Syscall, cgroup: number, id: number): void {
  const program = check(bpf(commands.programById, ptr(new Uint32Array([id, 0, 0])), 12), 'find');
  try {
    change(bpf, commands.programDetach, cgroup, program, 0);
  } finally {
    closeSync(program);
  }
}

function check(result: number, what: string): number {
  if (result < 0) throw new EngineError('InvalidArgument', `Cannot limit devices: the kernel refused to ${what} the BPF program`);
  return result;
}
