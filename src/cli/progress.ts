import { formatSize } from '../base/index.ts';
import type { EngineResponse } from '../client/index.ts';
import type { CliOutput } from './io.ts';

/** One message of a progress stream (pull, push, load, import, build). */
export interface ProgressMessage {
  readonly status?: string;
  readonly id?: string;
  readonly stream?: string;
  readonly progress?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number } | null;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string; readonly code?: number } | null;
  readonly aux?: unknown;
}

/** Shows a progress stream: a line for each id that changes in place on a terminal, one line for each message otherwise. @throws its error. */
export async function showProgress(response: EngineResponse, output: CliOutput): Promise<void> {
  const rows = new Map<string, number>();
  for await (const message of response.lines<ProgressMessage>()) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined && failure !== '') throw new Error(failure);
    if (message.stream !== undefined && message.stream !== '') await output.write(message.stream);
    else if (message.status !== undefined) await showStatus(message, rows, output);
  }
}

async function showStatus(message: ProgressMessage, rows: Map<string, number>, output: CliOutput): Promise<void> {
  const bar = progressText(message);
  if (!output.isTerminal) {
    if (bar === '') await output.write(`${message.id === undefined ? '' : `${message.id}: `}${message.status}\n`);
    return;
  }
  if (message.id === undefined) {
    await output.write(`${message.status}\n`);
    rows.clear();
    return;
  }
  let row = rows.get(message.id);
  if (row === undefined) {
    row = rows.size;
    rows.set(message.id, row);
    await output.write('\n');
  }
  const up = rows.size - row;
  await output.write(`\x1b[${up}A\r\x1b[2K${message.id}: ${message.status} ${bar}\x1b[${up}B\r`);
}

function progressText({ progressDetail }: ProgressMessage): string {
  const { current = 0, total = 0 } = progressDetail ?? {};
  if (current <= 0 && total <= 0) return '';
  if (total <= 0 || current > total) return formatSize(current);
  const filled = Math.floor((current / total) * 50);
  return `[${'='.repeat(Math.max(filled - 1, 0))}>${' '.repeat(50 - Math.max(filled, 1))}]  ${formatSize(current)}/${formatSize(total)}`;
}
