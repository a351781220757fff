import type { CliIo, CliOutput } from './io.ts';

/** A world for tests: what is written is kept, stdin is `stdin`, nothing is a terminal. */
export interface TestIo extends CliIo {
  readonly written: { stdout: string; stderr: string };
}

export function testIo(env: Readonly<Record<string, string>> = {}, stdin = ''): TestIo {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr'): CliOutput => {
    const decoder = new TextDecoder();
    return {
      isTerminal: false,
      size: () => undefined,
      async write(text) {
        written[name] += typeof text === 'string' ? text : decoder.decode(text, { stream: true });
      },
    };
  };
  return {
    env,
    written,
    stdin: {
      isTerminal: false,
      async *stream() {
        if (stdin !== '') yield new TextEncoder().encode(stdin);
      },
      setRaw: () => undefined,
    },
    stdout: output('stdout'),
    stderr: output('stderr'),
    self: ['berth'],
    onSignal: () => () => undefined,
  };
}
