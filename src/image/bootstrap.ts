import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError, Scope, type Log } from '../base/index.ts';
import { hostSources, sourcesFor } from './apt-sources.ts';
import type { Image, ImageProgress, ImageStore } from './contract.ts';

export interface BootstrapRequest {
  /** `bookworm`, `stable`. */
  readonly suite: string;
  /** More packages. */
  readonly include?: readonly string[];
  /** Where packages come from; default: this machine's own sources for the suite, else the tool's choice. */
  readonly mirror?: string;
  /** Default: `debian:<suite>` and `debian:latest`. */
  readonly names?: readonly string[];
  /** Times in the image; the same time and packages give the same image. Default: SOURCE_DATE_EPOCH, else now. */
  readonly createdAt?: Date;
  /** The program to run, default `mmdebstrap`. */
  readonly tool?: string;
}

const suitePattern = /^[a-z][a-z0-9.-]{0,63}$/;
const packagePattern = /^[a-z0-9][a-z0-9+.:-]{0,127}$/;
const killAfterMs = 10_000;
const shownLines = 8;

/**
 * Makes a real Debian base image with mmdebstrap (the `minbase` variant), for machines that reach no registry. The tool runs as a child
 * that an abort ends; its temporary files are gone when this returns.
 * @throws {EngineError} Unavailable, when the tool is not installed or fails; InvalidArgument, for a bad suite or package name.
 */
export async function bootstrapDebian(
  { images, log }: { readonly images: ImageStore; readonly log: Log },
  request: BootstrapRequest,
  options: { readonly signal: AbortSignal; readonly progress?: (event: ImageProgress) => void },
): Promise<Image> {
  const { suite, include = [] } = request;
  if (!suitePattern.test(suite)) throw new EngineError('InvalidArgument', `invalid suite: ${JSON.stringify(suite)}`);
  const bad = include.find((name) => !packagePattern.test(name));
  if (bad !== undefined) throw new EngineError('InvalidArgument', `invalid package name: ${JSON.stringify(bad)}`);
  const tool = Bun.which(request.tool ?? 'mmdebstrap');
  if (tool === null)
    throw new EngineError('Unavailable', 'Cannot bootstrap: mmdebstrap is not installed, install it with: apt-get install mmdebstrap');
  options.signal.throwIfAborted();

  await using scope = new Scope((error) => log.warn('cannot clean up after mmdebstrap', { error: String(error) }));
  const directory = mkdtempSync(join(tmpdir(), 'berth-bootstrap-'));
  scope.defer(() => rmSync(directory, { recursive: true, force: true }));
  // apt gives up root and still has to reach its files.
  chmodSync(directory, 0o755);

  const createdAt = request.createdAt ?? buildDate();
  const run = startTool(toolWords(tool, request), directory, createdAt, options);
  scope.defer(() => run.end());
  const config = { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['bash'] };
  const createdBy = `mmdebstrap --variant=minbase${include.length > 0 ? ` --include=${include.join(',')}` : ''} ${suite}`;
  const [first = `debian:${suite}`, ...more] = request.names ?? [`debian:${suite}`, 'debian:latest'];
  const message = `Debian ${suite}`;
  const image = await images.importRoot(run.tar, { reference: first, message, config, createdAt, createdBy }, options);
  for (const name of more) images.tag(image, name);
  return images.resolve(image.id);
}

function toolWords(tool: string, { suite, include = [], mirror }: BootstrapRequest): readonly string[] {
  const packages = include.length > 0 ? [`--include=${include.join(',')}`] : [];
  const sources = mirror === undefined ? sourcesFor(suite, hostSources()) : [mirror];
  return [tool, '--variant=minbase', '--format=tar', ...packages, suite, '-', ...sources];
}

// reproducible-builds.org/specs/source-date-epoch
function buildDate(): Date {
  const epoch = process.env['SOURCE_DATE_EPOCH'] ?? '';
  return /^\d{1,12}$/.test(epoch) ? new Date(Number(epoch) * 1000) : new Date(Math.floor(Date.now() / 1000) * 1000);
}

interface ToolRun {
  readonly tar: ReadableStream<Uint8Array>;
  /** Ends the tool and all it started, if it still runs. */
  end(): Promise<void>;
}

function startTool(
  words: readonly string[],
  directory: string,
  createdAt: Date,
  options: { readonly signal: AbortSignal; readonly progress?: (event: ImageProgress) => void },
): ToolRun {
  const env = { ...process.env, TMPDIR: directory, LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: String(Math.floor(createdAt.getTime() / 1000)) };
  const child = Bun.spawn([...words], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', env, detached: true });
  const last: string[] = [];
  const told = eachLine(child.stderr, (line) => {
    last.push(line);
    if (last.length > shownLines) last.shift();
    options.progress?.({ kind: 'status', message: line.replace(/^I: /, '') });
  });
  const failure = async (): Promise<EngineError | null> => {
    const code = await child.exited;
    await told;
    return code === 0
      ? null
      : new EngineError('Unavailable', `Cannot bootstrap: mmdebstrap failed with exit code ${code}: ${last.join('\n')}`);
  };
  return { tar: wholeOrError(child.stdout, failure), end: () => endGroup(child) };
}

// An archive whose maker failed must not end like a whole one.
function wholeOrError(source: ReadableStream<Uint8Array>, failure: () => Promise<EngineError | null>): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        const error = await failure();
        if (error === null) controller.close();
        else controller.error(error);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

async function eachLine(stream: ReadableStream<Uint8Array>, see: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, 4096);
    for (const line of lines) if (line.trim() !== '') see(line.slice(0, 4096));
  }
  if (rest.trim() !== '') see(rest);
}

// The child leads a process group of its own: apt and dpkg go with it. It is asked first, to take its mounts down.
async function endGroup(child: {
  readonly pid: number;
  readonly exitCode: number | null;
  readonly exited: Promise<number>;
}): Promise<void> {
  if (child.exitCode !== null) return;
  signalGroup(child.pid, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), killAfterMs);
  await child.exited;
  clearTimeout(timer);
}

function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It ended by itself.
  }
}
