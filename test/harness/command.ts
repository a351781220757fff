/** What a finished command said. `both` is stdout and stderr, each in order, one after the other. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly both: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array | Blob;
  /** Seconds until it is killed and the call rejects; default 90. */
  readonly timeout?: number;
  readonly cwd?: string;
}

/** Runs a command to its end and returns what it said; never throws for an exit code. @throws when it runs over its time. */
export async function run(command: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  const child = Bun.spawn({
    cmd: [...command],
    env: { ...cleanEnvironment(), ...options.env },
    stdin:
      options.stdin === undefined ? 'ignore' : typeof options.stdin === 'string' ? new TextEncoder().encode(options.stdin) : options.stdin,
    stdout: 'pipe',
    stderr: 'pipe',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let overtime = false;
  const timer = setTimeout(
    () => {
      overtime = true;
      child.kill('SIGKILL');
    },
    (options.timeout ?? 90) * 1000,
  );
  try {
    const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    if (overtime) throw new Error(`Timed out: ${command.join(' ')}\n${stdout}${stderr}`);
    return { code, stdout, stderr, both: stdout + stderr };
  } finally {
    clearTimeout(timer);
  }
}

/** As `run`, for a command that has to succeed; returns its trimmed stdout. @throws with all it said, when it does not. */
export async function ok(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const finished = await run(command, options);
  if (finished.code !== 0) throw new Error(`${command.join(' ')}: exit ${finished.code}\n${finished.both}`);
  return finished.stdout.trim();
}

/** This process's environment without what points clients at some other engine. */
export function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !/^(BERTH|DOCKER|COMPOSE|BUILDX|CONTAINER)_/.test(name));
  return { ...(Object.fromEntries(entries) as Record<string, string>), LC_ALL: 'C.UTF-8', NO_COLOR: '1', DOCKER_CLI_HINTS: 'false' };
}
