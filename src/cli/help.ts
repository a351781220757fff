import { allCommands, type Group } from './catalog.ts';
import type { Command } from './command.ts';
import { flagUsages } from './flags/usages.ts';
import { globalFlags } from './globals.ts';

/** The help page of a command. */
export function commandHelp(path: string, command: Command, columns: number): string {
  const parts = [`Usage:  ${usageLines(path, command)}`, command.summary];
  if (command.details !== undefined) parts.push(command.details);
  if (command.aliases !== undefined) parts.push(`Aliases:\n  ${command.aliases.map((alias) => `berth ${alias}`).join(', ')}`);
  if (command.flags.length > 0) parts.push(`Options:\n${flagUsages(command.flags, columns - 1).trimEnd()}`);
  return `${parts.join('\n\n')}\n`;
}

/** The usage of a command, one line for each form. */
export function usageLines(path: string, command: Command): string {
  const forms = typeof command.usage === 'string' ? [command.usage] : command.usage;
  return forms.map((form) => `${path} ${form}`.trimEnd()).join('\n\t');
}

/** The help page of a word with commands under it. */
export async function groupHelp(name: string, group: Group): Promise<string> {
  const rows = await summaries(group.commands);
  return `Usage:  berth ${name} COMMAND

${group.summary}

Commands:
${aligned(rows)}
Run 'berth ${name} COMMAND --help' for more information on a command.
`;
}

const common = ['run', 'exec', 'ps', 'pull', 'images', 'version', 'info'];

/** The help page of the program. */
export async function programHelp(columns: number): Promise<string> {
  const { top, groups } = allCommands();
  const rows = await summaries(top);
  const byName = new Map(rows);
  const groupRows = Object.entries(groups).map(([name, group]) => [name, group.summary] as const);
  const width = Math.max(...[...byName.keys(), ...Object.keys(groups)].map((name) => name.length)) + 1;
  return `Usage:  berth [OPTIONS] COMMAND

Containers, from one program

Common Commands:
${aligned(
  common.map((name) => [name, byName.get(name)!] as const),
  width,
)}
Management Commands:
${aligned(groupRows, width)}
Engine Commands:
${aligned(
  [
    ['daemon', 'Run the engine in the foreground'],
    ['oci', 'Be an OCI runtime for other engines'],
  ],
  width,
)}
Commands:
${aligned(
  rows.filter(([name]) => !common.includes(name)),
  width,
)}
Global Options:
${flagUsages(globalFlags, columns - 1)}
Run 'berth COMMAND --help' for more information on a command.
`;
}

async function summaries(commands: Group['commands']): Promise<Array<readonly [string, string]>> {
  const loaded = Object.entries(commands).map(async ([name, load]) => [name, (await load()).command.summary] as const);
  return (await Promise.all(loaded)).sort(([left], [right]) => (left < right ? -1 : 1));
}

function aligned(rows: ReadonlyArray<readonly [string, string]>, width = Math.max(11, ...rows.map(([name]) => name.length))): string {
  return rows.map(([name, summary]) => `  ${name.padEnd(width)} ${summary}\n`).join('');
}
