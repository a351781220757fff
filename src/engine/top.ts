import { EngineError } from '../base/index.ts';
import { publishContainerEvent } from './events/index.ts';
import type { House } from './house.ts';
import { fullFormatTable } from './process-table.ts';
import type { Options } from './requests.ts';
import type { ProcessTable } from './use-cases.ts';

/**
 * Processes of a container as the host's `ps` shows them; without arguments (or `-ef`) no `ps` is needed.
 * @throws {EngineError} NotFound; Conflict, when it does not run; InvalidArgument, for bad arguments.
 */
export async function containerTop(house: House, words: string, psArguments: string, options: Options): Promise<ProcessTable> {
  const record = house.records.resolve(words);
  const { status } = record.state;
  if (status === 'restarting') throw new EngineError('Conflict', `Container ${words} is restarting, wait until the container is running`);
  if (status !== 'running' && status !== 'paused') throw new EngineError('Conflict', `Container ${words} is not running`);
  const argumentsGiven = psArguments.trim();
  checkArguments(argumentsGiven);
  const pids = new Set(house.live.process(record.id)?.cgroup.processes());
  const table =
    argumentsGiven === '' || argumentsGiven === '-ef' ? fullFormatTable([...pids]) : await runPs(argumentsGiven, pids, options.signal);
  publishContainerEvent(house.events, record, 'top');
  return table;
}

// A renamed PID column would hide which rows are whose. moby daemon/top_unix.go.
function checkArguments(psArguments: string): void {
  const renamed = /\s+(\S*=\s*PID\S*)/.exec(psArguments);
  if (renamed !== null) throw new EngineError('InvalidArgument', `specifying "${renamed[1]}" is not allowed`);
}

async function runPs(psArguments: string, pids: ReadonlySet<number>, signal: AbortSignal): Promise<ProcessTable> {
  const child = Bun.spawn({ cmd: ['ps', ...psArguments.split(/\s+/)], stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', signal });
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new EngineError('InvalidArgument', `ps: exit status ${code}: ${stderr.trim()}`);
  return parsePs(stdout, pids);
}

/** The rows of `ps` output that are of these processes; the last column may hold blanks. */
export function parsePs(text: string, pids: ReadonlySet<number>): ProcessTable {
  const [head = '', ...rows] = text.trimEnd().split('\n');
  const titles = head.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn === -1) throw new EngineError('InvalidArgument', "Couldn't find PID field in ps output");
  const processes: string[][] = [];
  let kept = false;
  for (const row of rows) {
    const fields = row.trim().split(/\s+/);
    // Threads (`ps -eLf` and `-m`) print a `-` for the pid of the process above.
    kept = fields[pidColumn] === '-' ? kept : pids.has(Number(fields[pidColumn]));
    if (kept) processes.push([...fields.slice(0, titles.length - 1), fields.slice(titles.length - 1).join(' ')]);
  }
  return { titles, processes };
}
