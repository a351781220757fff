import { EngineError } from '../base/index.ts';
import type { FileCalls } from '../kernel/index.ts';

/** A mount to make where lower directories are named from `from`: the options of mount(2) are one page, which absolute names may not fit. */
export interface MountArgument {
  readonly from: string;
  readonly type: string;
  readonly source: string;
  readonly options: string;
  readonly target: string;
}

const optionsPage = 4095;
const detach = 2;

/** mount(2). The thread stands in `from` after it. @throws {EngineError} Internal. */
export function mountHere(calls: FileCalls, { from, type, source, options, target }: MountArgument): void {
  if (options.length > optionsPage) throw new EngineError('Internal', `Cannot mount ${target}: its options are longer than a page`);
  check(calls, calls.chdir(Buffer.from(from)), `chdir ${from}`);
  check(calls, calls.mount(Buffer.from(source), Buffer.from(target), Buffer.from(type), Buffer.from(options)), `mount ${target}`);
}

/** umount2(2), lazily. What is not mounted is no error. */
export function unmountDetached(calls: FileCalls, target: string): void {
  const result = calls.unmount(Buffer.from(target), detach);
  if (result !== -22 && result !== -2) check(calls, result, `umount ${target}`);
}

function check(calls: FileCalls, result: number, what: string): void {
  if (result < 0) throw new EngineError('Internal', `${what}: ${calls.errorText(-result)}`);
}
