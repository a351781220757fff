import { ConnectError, maximumApiVersion } from '../../client/index.ts';
import type { Command } from '../command.ts';
import { describe } from '../describe.ts';
import { programVersion } from '../program.ts';
import { formatFlag } from '../shared-flags.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  summary: 'Show the versions of the program and of the engine',
  arguments: { minimum: 0, maximum: 0 },
  flags: [{ ...formatFlag, short: 'f' }],
  async run({ client, flags, io }) {
    let server: ServerVersion | undefined;
    let failure: unknown;
    try {
      server = withLocalTimes(await client.json<ServerVersion>('GET', '/version'));
    } catch (error) {
      failure = error;
    }
    const own = clientVersion(client.version, failure instanceof ConnectError);
    const format = flags.string('format');
    if (format !== '' && failure !== undefined) {
      await io.stdout.write(format === 'json' ? `${await formatted(format, { Client: own, Server: null })}\n` : '\n');
    } else if (format === '') await io.stdout.write(clientText(own) + (server === undefined ? '' : serverText(server)));
    else await io.stdout.write(`${await formatted(format, { Client: own, Server: server ?? null })}\n`);
    if (failure === undefined) return 0;
    await io.stderr.write(`${describe(failure)}\n`);
    return 1;
  },
};

interface ServerVersion {
  readonly Platform?: { readonly Name?: string };
  readonly Components?: ReadonlyArray<{
    readonly Name: string;
    readonly Version: string;
    readonly Details?: Readonly<Record<string, string>>;
  }> | null;
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly GitCommit: string;
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly BuildTime?: string;
  readonly Experimental?: boolean;
}

// The engine's own build time is shown as Docker shows it, `Fri May 30 12:07:14 2025`.
function withLocalTimes(server: ServerVersion): ServerVersion {
  const components = server.Components?.map((component) => {
    const built = new Date(component.Details?.['BuildTime'] ?? '');
    if (component.Name !== 'Engine' || Number.isNaN(built.getTime())) return component;
    const [day, date, month, year, time] = built.toUTCString().replace(',', '').split(' ');
    const text = `${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`;
    return { ...component, Details: { ...component.Details, BuildTime: text } };
  });
  return components === undefined ? server : { ...server, Components: components };
}

function clientVersion(negotiated: string, unknown: boolean) {
  return {
    Version: programVersion,
    ApiVersion: unknown ? maximumApiVersion : negotiated,
    DefaultAPIVersion: maximumApiVersion,
    GitCommit: '',
    GoVersion: `bun${Bun.version}`,
    Os: process.platform,
    Arch: process.arch === 'x64' ? 'amd64' : process.arch,
    BuildTime: '',
    Context: 'default',
  };
}

function clientText(own: ReturnType<typeof clientVersion>): string {
  const lowered = own.ApiVersion === own.DefaultAPIVersion ? '' : ` (downgraded from ${own.DefaultAPIVersion})`;
  return `Client:
 Version:           ${own.Version}
 API version:       ${own.ApiVersion}${lowered}
 Runtime:           ${own.GoVersion}
 OS/Arch:           ${own.Os}/${own.Arch}
 Context:           ${own.Context}
`;
}

function serverText(server: ServerVersion): string {
  const components = server.Components ?? [{ Name: 'Engine', Version: server.Version, Details: {} }];
  let text = `\nServer:${server.Platform?.Name ? ` ${server.Platform.Name}` : ''}\n`;
  for (const { Name, Version, Details = {} } of components) {
    text += ` ${Name}:\n`;
    const rows: Array<readonly [string, string | undefined]> =
      Name === 'Engine'
        ? [
            ['Version', Version],
            [
              'API version',
              `${Details['ApiVersion'] ?? server.ApiVersion} (minimum version ${Details['MinAPIVersion'] ?? server.MinAPIVersion ?? ''})`,
            ],
            ['Go version', Details['GoVersion'] ?? server.GoVersion],
            ['Git commit', Details['GitCommit'] ?? server.GitCommit],
            ['Built', Details['BuildTime'] ?? server.BuildTime],
            ['OS/Arch', `${Details['Os'] ?? server.Os}/${Details['Arch'] ?? server.Arch}`],
            ['Experimental', Details['Experimental'] ?? String(server.Experimental ?? false)],
          ]
        : [['Version', Version], ...Object.entries(Details).sort(([left], [right]) => (left < right ? -1 : 1))];
    for (const [name, value] of rows) text += `  ${`${name}:`.padEnd(18)}${value ?? ''}\n`;
  }
  return text;
}

async function formatted(format: string, value: unknown): Promise<string> {
  if (format === 'json') return JSON.stringify(value);
  const { compileTemplate } = await import('../template/index.ts');
  return compileTemplate(format)(value);
}
