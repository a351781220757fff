import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import { showProgress } from '../../progress.ts';

export const command: Command = {
  usage: '[OPTIONS] debian[:SUITE]',
  summary: "Make a base image from the host's package mirror",
  details: `For machines that reach no registry. mmdebstrap fetches the packages with the
host's own apt sources.`,
  arguments: { minimum: 1, maximum: 1 },
  flags: [
    { name: 'include', kind: 'list', usage: 'More packages to put in' },
    { name: 'mirror', kind: 'string', usage: "Package mirror in place of the host's" },
    { name: 'tag', short: 't', kind: 'string', usage: 'Name of the image, in place of debian:SUITE' },
    { name: 'variant', kind: 'string', fallback: 'minbase', usage: 'Which packages to start from, as mmdebstrap names them' },
  ],
  async run({ args: [source = ''], client, flags, io }) {
    const match = /^debian(?::([a-z][a-z0-9-]*))?$/.exec(source);
    if (match === null) throw new CliError(`Cannot bootstrap ${source}: only debian[:SUITE] is known`);
    const suite = match[1] === undefined || match[1] === 'latest' ? await hostSuite() : match[1];
    if (Bun.which('mmdebstrap') === null)
      throw new CliError('Cannot bootstrap: mmdebstrap is not installed. Install it with: apt-get install mmdebstrap');
    const include = flags.list('include').flatMap((text) => ['--include', text]);
    const mirror = flags.string('mirror') === '' ? [] : [flags.string('mirror')];
    const words = ['mmdebstrap', '--quiet', '--format=tar', `--variant=${flags.string('variant')}`, ...include, suite, '-', ...mirror];
    await io.stderr.write(`Making debian:${suite} with mmdebstrap\n`);
    const child = Bun.spawn(words, { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' });
    const name = flags.string('tag') || `debian:${match[1] ?? 'latest'}`;
    const colon = name.lastIndexOf(':');
    const query = {
      fromSrc: '-',
      repo: colon === -1 ? name : name.slice(0, colon),
      tag: colon === -1 ? 'latest' : name.slice(colon + 1),
      message: `debian ${suite}, made from the package mirror`,
      changes: ['CMD ["bash"]', 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    };
    const response = await client.request('POST', '/images/create', {
      query,
      upload: checked(child),
      headers: { 'Content-Type': 'application/x-tar' },
    });
    await showProgress(response, io.stdout);
    return 0;
  },
};

// An archive that ends early must not become an image: the upload breaks off without its end.
async function* checked(child: {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly exited: Promise<number>;
}): AsyncGenerator<Uint8Array, void> {
  for await (const bytes of child.stdout) yield bytes;
  const code = await child.exited;
  if (code !== 0) throw new Error(`mmdebstrap failed with exit code ${code}`);
}

async function hostSuite(): Promise<string> {
  const release = await Bun.file('/etc/os-release')
    .text()
    .catch(() => '');
  const isDebian = /^ID=debian$/m.test(release);
  return (isDebian ? /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1] : undefined) ?? 'bookworm';
}
