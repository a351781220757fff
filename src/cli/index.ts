export { CliError } from './cli-error.ts';
export type { CliInput, CliIo, CliOutput } from './io.ts';
export { main } from './main.ts';
export { processIo } from './process-io.ts';
