import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, boolean, integer, nat, property, tuple } from 'fast-check';
import { encodeTarHeader, tarPadding, tarTrailer } from './tar-encode.ts';
import type { TarHeader, TarHeaderToWrite } from './tar-header.ts';
import { defaultTarLimits, TarParser, type TarLimits } from './tar-parser.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-tar-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Parsed {
  readonly header: TarHeader;
  readonly content: Buffer;
}

/** Parses a tar in chunks of `step` bytes; holes are zeros. */
function parse(tar: Uint8Array, step = 1 << 20, limits: TarLimits = defaultTarLimits): Parsed[] {
  const entries: Parsed[] = [];
  const parser = new TarParser(
    {
      entry: (header) => void entries.push({ header, content: Buffer.alloc(header.size) }),
      body: (bytes, offset) => {
        entries.at(-1)?.content.set(bytes, offset);
      },
      entryEnd: () => undefined,
    },
    limits,
  );
  for (let at = 0; at < tar.length; at += step) parser.push(tar.subarray(at, at + step));
  parser.end();
  return entries;
}

function build(...entries: ReadonlyArray<readonly [TarHeaderToWrite, string?]>): Buffer {
  const parts = entries.flatMap(([header, body]) => {
    const bytes = Buffer.from(body ?? '');
    return [encodeTarHeader({ ...header, size: header.size ?? bytes.length }), bytes, tarPadding(bytes.length)];
  });
  return Buffer.concat([...parts, tarTrailer()]);
}

function withSum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function python(script: string): Buffer {
  const file = join(directory, 'made.tar');
  execFileSync('python3', ['-c', `import tarfile, io, sys\nout = ${JSON.stringify(file)}\n${script}`]);
  return readFileSync(file);
}

test('reads what python writes in every dialect, whatever the chunk size', () => {
  for (const format of ['USTAR_FORMAT', 'GNU_FORMAT', 'PAX_FORMAT']) {
    const deep = format === 'USTAR_FORMAT' ? `${'d'.repeat(90)}/${'f'.repeat(90)}` : `${'d'.repeat(200)}/${'ü'.repeat(120)}`;
    const tar = python(`
t = tarfile.open(out, 'w', format=tarfile.${format})
def add(name, type=tarfile.REGTYPE, data=b'', **more):
    i = tarfile.TarInfo(name); i.type = type; i.size = len(data); i.mtime = 1700000000
    for k, v in more.items(): setattr(i, k, v)
    t.addfile(i, io.BytesIO(data))
add('dir', tarfile.DIRTYPE, mode=0o1777)
add(${JSON.stringify(deep)}, data=b'hello' * 1000, mode=0o4755, uid=1000, gid=2000, uname='someone')
add('link', tarfile.SYMTYPE, linkname='../' + 'x' * 90)
add('hard', tarfile.LNKTYPE, linkname='dir/file')
add('null', tarfile.CHRTYPE, devmajor=1, devminor=3)
add('pipe', tarfile.FIFOTYPE)
add('empty')
t.close()`);
    for (const step of [1, 7, 511, 512, 513, 1 << 20]) {
      const entries = parse(tar, step);
      expect(entries.map(({ header }) => header.type)).toEqual(['directory', 'file', 'symlink', 'hardlink', 'char', 'fifo', 'file']);
      const file = entries[1];
      expect(file?.header.name).toBe(deep);
      expect(file?.content.toString()).toBe('hello'.repeat(1000));
      expect(file?.header).toMatchObject({ mode: 0o4755, uid: 1000, gid: 2000, userName: 'someone', mtimeSeconds: 1_700_000_000 });
      expect(entries[0]?.header.mode).toBe(0o1777);
      expect(entries[2]?.header.linkName).toBe(`../${'x'.repeat(90)}`);
      expect(entries[4]?.header).toMatchObject({ deviceMajor: 1, deviceMinor: 3 });
    }
  }
});

test('reads large ids, negative and fractional times, xattrs and global headers', () => {
  const gnu = python(`
t = tarfile.open(out, 'w', format=tarfile.GNU_FORMAT)
i = tarfile.TarInfo('old'); i.mtime = -5; i.uid = 3000000000; t.addfile(i); t.close()`);
  expect(parse(gnu)[0]?.header).toMatchObject({ mtimeSeconds: -5, uid: 3_000_000_000 });
  const pax = python(`
t = tarfile.open(out, 'w', format=tarfile.PAX_FORMAT, pax_headers={'uname': 'everyone', 'comment': 'x'})
i = tarfile.TarInfo('new'); i.mtime = 1.5; i.pax_headers = {'SCHILY.xattr.user.a': 'b', 'LIBARCHIVE.xattr.user.c%3Dd': 'ZQ=='}
t.addfile(i); t.close()`);
  const header = parse(pax)[0]?.header;
  expect(header).toMatchObject({ mtimeSeconds: 1, mtimeNanos: 500_000_000, userName: 'everyone' });
  expect([...(header?.xattrs ?? [])].map(([key, value]) => [key, Buffer.from(value).toString()])).toEqual([
    ['user.a', 'b'],
    ['user.c=d', 'e'],
  ]);
});

test('reads the sparse files of GNU tar in all four forms', () => {
  const path = join(directory, 'sparse');
  // More than four runs, so that the old form needs its extension blocks.
  execFileSync('python3', [
    '-c',
    `f = open(${JSON.stringify(path)}, 'wb')
for n in range(40): f.seek(n * 262144); f.write(b'part%d' % n)
f.truncate(40 * 262144 + 12345)`,
  ]);
  const whole = readFileSync(path);
  for (const format of [
    ['--format=gnu'],
    ['--format=pax', '--sparse-version=0.0'],
    ['--format=pax', '--sparse-version=0.1'],
    ['--format=pax', '--sparse-version=1.0'],
  ]) {
    const tar = execFileSync('tar', ['-cS', ...format, '-C', directory, 'sparse'], { maxBuffer: 1 << 26 });
    expect(tar.length).toBeLessThan(1 << 20);
    for (const step of [100, 1 << 20]) {
      const [entry] = parse(tar, step);
      expect(entry?.header).toMatchObject({ name: 'sparse', size: whole.length, type: 'file' });
      expect(entry?.header.sparse?.length).toBeGreaterThan(30);
      expect(entry?.content.equals(whole)).toBe(true);
    }
  }
});

test('what we write, GNU tar and python list alike, and we read back', () => {
  const long = `${'n'.repeat(120)}/${'m'.repeat(150)}`;
  const tar = build(
    [{ type: 'directory', name: 'a' }],
    [{ type: 'file', name: long, uid: 5_000_000, mtimeSeconds: 1_600_000_000, mtimeNanos: 250_000_000 }, 'content'],
    [{ type: 'file', name: 'ümlaut', xattrs: new Map([['user.x', Buffer.from([0, 1, 10, 255])]]) }, 'x'],
    [{ type: 'symlink', name: 'link', linkName: 't'.repeat(300) }],
    [{ type: 'hardlink', name: 'hard', linkName: 'ümlaut' }],
    [{ type: 'char', name: 'dev', deviceMajor: 1, deviceMinor: 3 }],
  );
  const file = join(directory, 'ours.tar');
  writeFileSync(file, tar);
  const listed = execFileSync('tar', ['-tf', file, '--quoting-style=literal'], { env: { ...process.env, LC_ALL: 'C.UTF-8' } }).toString();
  expect(listed.trim().split('\n')).toEqual(['a/', long, 'ümlaut', 'link', 'hard', 'dev']);
  const seen = execFileSync('python3', [
    '-c',
    `import tarfile\nfor m in tarfile.open(${JSON.stringify(file)}): print(m.name, m.uid, m.mtime, m.linkname, m.type.decode(), m.devminor)`,
  ]).toString();
  expect(seen).toContain(`${long} 5000000 1600000000.25  0 0\n`);
  expect(seen).toContain(`link 0 0 ${'t'.repeat(300)} 2 0\n`);
  const back = parse(tar);
  expect(back.map(({ header }) => header.name)).toEqual(['a/', long, 'ümlaut', 'link', 'hard', 'dev']);
  expect(Buffer.from(back[2]?.header.xattrs.get('user.x') ?? [])).toEqual(Buffer.from([0, 1, 10, 255]));
  expect(back[1]?.header).toMatchObject({ uid: 5_000_000, mtimeSeconds: 1_600_000_000, mtimeNanos: 250_000_000 });
  expect(build([{ type: 'file', name: 'a' }, 'b'])).toEqual(build([{ type: 'file', name: 'a' }, 'b']));
});

test('a size over 8 GiB and a time before 1970 survive', () => {
  const [block] = [encodeTarHeader({ type: 'file', name: 'big', size: 2 ** 36, mtimeSeconds: -2, mtimeNanos: 500_000_000 })];
  let seen: TarHeader | undefined;
  new TarParser({ entry: (header) => (seen = header), body() {}, entryEnd() {} }).push(block);
  expect(seen).toMatchObject({ size: 2 ** 36, mtimeSeconds: -2, mtimeNanos: 500_000_000 });
});

test('a tar that stops anywhere but between entries is refused', () => {
  const tar = build([{ type: 'file', name: 'x'.repeat(200) }, 'y'.repeat(2000)], [{ type: 'file', name: 'second' }, 'z']);
  const allowed = new Set<number>();
  for (let cut = 0; cut <= tar.length; cut += 256) {
    try {
      parse(tar.subarray(0, cut));
      allowed.add(cut);
    } catch (error) {
      expect(error).toMatchObject({ code: 'InvalidArgument', message: 'unexpected EOF' });
    }
  }
  // Before anything, after the first entry (header, path record, header, 2000 bytes), after the second, and in the end mark.
  expect([...allowed]).toEqual([0, 3584, 4608, 5120, 5632]);
});

test('corrupt headers are refused by name of what is wrong', () => {
  const good = build([{ type: 'file', name: 'file' }, 'body']);
  const broken = (change: (tar: Buffer) => void, sum = true): Buffer => {
    const tar = Buffer.from(good);
    change(tar);
    return sum ? withSum(tar) : tar;
  };
  const refused: ReadonlyArray<readonly [Buffer, RegExp]> = [
    [broken((tar) => tar.write('X', 0), false), /wrong checksum/],
    [broken((tar) => tar.write('zzzzzzz', 124)), /size is not a number/],
    [broken((tar) => tar.fill(0xff, 124, 136)), /negative size/],
    [broken((tar) => tar.fill(0x9f, 124, 136)), /size is out of range/],
    [broken((tar) => tar.fill(0, 0, 100)), /empty name/],
    [Buffer.concat([Buffer.alloc(512), good]), /a lone zero block/],
    [Buffer.from('not a tar at all. '.repeat(100)), /invalid tar header/],
  ];
  for (const [tar, message] of refused) expect(() => parse(tar)).toThrow(message);
});

test('headers that would make the reader keep too much are refused', () => {
  const huge = Buffer.from(encodeTarHeader({ type: 'file', name: 'pax', size: 2 ** 32 }));
  huge.write('x', 156);
  expect(() => parse(withSum(huge))).toThrow(/extended header over the limit/);
  const records = ['5 a\n', '999999999999999 path=x\n', '11 path=a\0b\n', 'x path=y\n', '10 =noname\n', '3\n'];
  for (const record of records) {
    const body = Buffer.from(record);
    const header = Buffer.from(encodeTarHeader({ type: 'file', name: 'pax', size: body.length }));
    header.write('x', 156);
    const tar = Buffer.concat([withSum(header), body, tarPadding(body.length), build([{ type: 'file', name: 'f' }])]);
    expect(() => parse(tar)).toThrow(/invalid tar header/);
  }
  expect(() => parse(build([{ type: 'file', name: 'n'.repeat(5000) }]))).toThrow(/name over the limit/);
  const many = build(...Array.from({ length: 11 }, (_, at) => [{ type: 'file', name: `f${at}` }] as const));
  expect(() => parse(many, 512, { ...defaultTarLimits, maxEntries: 10 })).toThrow(/too many entries/);
  expect(() => parse(build([{ type: 'file', name: 'f' }, 'abc']), 512, { ...defaultTarLimits, maxTotalBytes: 2 })).toThrow(
    /more than the limit/,
  );
});

test('sparse maps that make no sense are refused', () => {
  for (const map of ['0,10,5,10', '10,5,0,5', '0,9999', '1', 'a,b', '-1,4', '0,4,100,0,50,0']) {
    const records = `GNU.sparse.map=${map}\nGNU.sparse.size=100\n`.split('\n').slice(0, -1);
    const body = Buffer.from(records.map((record) => `${String(record.length + 4).padStart(2, '0')} ${record}\n`).join(''));
    const header = Buffer.from(encodeTarHeader({ type: 'file', name: 'pax', size: body.length }));
    header.write('x', 156);
    const tar = Buffer.concat([withSum(header), body, tarPadding(body.length), build([{ type: 'file', name: 'f' }, 'data'])]);
    expect(() => parse(tar)).toThrow(/invalid tar header/);
  }
});

test('any bytes are either a tar or refused, and the chunking does not matter', () => {
  const good = build(
    [{ type: 'directory', name: 'd' }],
    [{ type: 'file', name: 'p'.repeat(150) }, 'q'.repeat(700)],
    [{ type: 'symlink', name: 's', linkName: 'd' }],
  );
  const outcome = (tar: Uint8Array, step: number): string => {
    try {
      return parse(tar, step, { ...defaultTarLimits, maxTotalBytes: 1 << 20 })
        .map(({ header, content }) => `${header.type} ${header.name} ${Bun.hash(content)}`)
        .join('\n');
    } catch (error) {
      expect(error).toMatchObject({ code: 'InvalidArgument' });
      return String(error);
    }
  };
  const change = tuple(nat(good.length - 1), nat(255));
  assert(
    property(array(change, { maxLength: 6 }), boolean(), integer({ min: 1, max: 2000 }), (changes, mend, step) => {
      const tar = Buffer.from(good);
      for (const [at, byte] of changes) tar[at] = byte;
      if (mend)
        for (let at = 0; at < tar.length; at += 512)
          if (tar.subarray(at + 257, at + 262).toString() === 'ustar') withSum(tar.subarray(at, at + 512) as Buffer);
      expect(outcome(tar, step)).toBe(outcome(tar, tar.length));
    }),
    { interruptAfterTimeLimit: 3000, numRuns: 2000 },
  );
});
