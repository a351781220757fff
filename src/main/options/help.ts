import { settings } from './settings.ts';

/** What `berth daemon --help` says. */
export function daemonHelp(): string {
  const rows = settings
    .filter(({ later }) => later !== true)
    .map(({ flag, short, kind, usage }) => {
      const argument = kind === 'boolean' ? '' : ` ${kind === 'integer' ? 'int' : kind === 'object' ? 'runtime' : kind}`;
      return [`${short === undefined ? '    ' : `-${short}, `}--${flag}${argument}`, usage] as const;
    });
  const width = Math.max(...rows.map(([words]) => words.length)) + 3;
  const lines = rows.map(([words, usage]) => `  ${words.padEnd(width)}${usage}\n`);
  return `\nUsage:  berth daemon [OPTIONS]\n\nThe engine, in the foreground\n\nOptions:\n${lines.join('')}`;
}
