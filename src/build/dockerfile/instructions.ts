import type { LineRange } from './dockerfile-error.ts';
import type { Heredoc } from './lex.ts';
import type { RunMount } from './run-mount.ts';

/** What runs: a list for execve, or a text for the shell of the stage. */
export type CommandLine =
  | { readonly form: 'exec'; readonly words: readonly string[] }
  | { readonly form: 'shell'; readonly text: string; readonly heredocs: readonly Heredoc[] };

/** Name and value as written: variables and quotes still in the value. */
export type Pair = readonly [name: string, value: string];

/** What COPY and ADD share. */
export interface Transfer {
  readonly sources: readonly string[];
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

/** Every instruction with its parts, nothing expanded. Dockerfile reference, syntax 1.26. */
export type InstructionBody =
  | { readonly kind: 'from'; readonly image: string; readonly name?: string; readonly platform?: string }
  | {
      readonly kind: 'run';
      readonly command: CommandLine;
      readonly mounts: readonly RunMount[];
      readonly network: 'default' | 'none' | 'host';
      readonly security: 'sandbox' | 'insecure';
      readonly devices: readonly string[];
    }
  | ({ readonly kind: 'copy'; readonly from?: string; readonly parents: boolean } & Transfer)
  | ({ readonly kind: 'add'; readonly checksum?: string; readonly keepGitDirectory: boolean; readonly unpack?: boolean } & Transfer)
  | { readonly kind: 'cmd' | 'entrypoint'; readonly command: CommandLine }
  | { readonly kind: 'env' | 'label'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'arg'; readonly names: ReadonlyArray<{ readonly name: string; readonly value?: string }> }
  | { readonly kind: 'expose'; readonly ports: readonly string[] }
  | { readonly kind: 'volume'; readonly paths: readonly string[] }
  | { readonly kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer'; readonly value: string }
  | { readonly kind: 'shell'; readonly words: readonly string[] }
  | { readonly kind: 'onbuild'; readonly text: string; readonly trigger: InstructionBody }
  | ({ readonly kind: 'healthcheck' } & HealthCheck);

/** HEALTHCHECK; `test` is what the image's config holds. Times in nanoseconds; absent means inherited. */
export interface HealthCheck {
  readonly test: readonly string[];
  readonly interval?: number;
  readonly timeout?: number;
  readonly startPeriod?: number;
  readonly startInterval?: number;
  readonly retries?: number;
}

/** An instruction and where it stands. */
export type Instruction = InstructionBody & LineRange & { readonly original: string };
