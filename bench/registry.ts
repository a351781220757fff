/** A registry of Debian's with images to pull, inside the namespaces of the engines that are timed. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { digestOf, mediaTypes } from '../src/spec/index.ts';
import { sh, type Peers } from './peers.ts';

export const registryHost = '127.0.0.1:5055';
const folder = 'build/cache/bench';

/** Starts it and puts `one` (a Debian as one layer) and `eight` (the same in eight) there. The caller stops the process. */
export async function startRegistry(peers: Peers, debian: string): Promise<Bun.Subprocess> {
  await makeLayouts(debian);
  const config = join(peers.root, 'registry.yml');
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: join(peers.root, 'registry') } },
      http: { addr: registryHost, secret: 'bench' },
    }),
  );
  const unpacked = resolve('build/packages/docker-registry/usr/bin/docker-registry');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('REGISTRY_')));
  const child = Bun.spawn({
    cmd: [...peers.inside, Bun.which('docker-registry') ?? unpacked, 'serve', config],
    env,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: Bun.file(join(peers.root, 'registry.log')),
  });
  for (const name of ['one', 'eight'])
    await sh(
      `for i in 1 2 3 4 5 6 7 8 9; do skopeo --insecure-policy copy -q --dest-tls-verify=false oci:${folder}/layouts/${name} docker://${registryHost}/bench/${name}:1 && exit 0; sleep 0.3; done; exit 1`,
      peers.inside,
    );
  return child;
}

async function makeLayouts(debian: string): Promise<void> {
  if (existsSync(`${folder}/layouts`)) return;
  const work = mkdtempSync(`${folder}/layouts-`);
  await sh(`mkdir ${work}/root && tar -C ${work}/root -xf ${debian} --exclude='./dev/*'`);
  const list = async (test: string) => (await sh(`cd ${work}/root && find . ${test} | LC_ALL=C sort`)).split('\n');
  const [folders, names] = [await list('-type d'), await list('! -type d')];
  await layout(`${work}/one`, [[...folders, ...names]], `${work}/root`);
  await layout(
    `${work}/eight`,
    Array.from({ length: 8 }, (_, index) => [...folders, ...names.filter((_name, at) => at % 8 === index)]),
    `${work}/root`,
  );
  rmSync(`${work}/root`, { recursive: true });
  renameSync(work, `${folder}/layouts`);
}

async function layout(directory: string, layers: ReadonlyArray<readonly string[]>, root: string): Promise<void> {
  mkdirSync(`${directory}/blobs/sha256`, { recursive: true });
  const keep = (mediaType: string, bytes: Uint8Array) => {
    const digest = digestOf(bytes);
    writeFileSync(`${directory}/blobs/${digest.replace(':', '/')}`, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (mediaType: string, value: unknown) => keep(mediaType, new TextEncoder().encode(JSON.stringify(value)));
  const diffIds: string[] = [];
  const blobs = [];
  for (const names of layers) {
    writeFileSync(`${directory}/list`, names.join('\n'));
    await sh(`tar -C ${root} --no-recursion -cf ${directory}/layer.tar -T ${directory}/list && gzip -kn6 ${directory}/layer.tar`);
    diffIds.push(digestOf(readFileSync(`${directory}/layer.tar`)));
    blobs.push(keep(mediaTypes.ociLayerGzip, readFileSync(`${directory}/layer.tar.gz`)));
    await sh(`rm ${directory}/list ${directory}/layer.tar ${directory}/layer.tar.gz`);
  }
  const config = json(mediaTypes.ociConfig, {
    os: 'linux',
    architecture: 'amd64',
    config: {},
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const manifest = json(mediaTypes.ociManifest, { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: blobs });
  writeFileSync(`${directory}/index.json`, JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  writeFileSync(`${directory}/oci-layout`, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}
