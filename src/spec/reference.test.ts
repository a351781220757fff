import { expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { isEngineError } from '../base/index.ts';
import {
  familiarName,
  formatFamiliar,
  formatPlatform,
  formatReference,
  parsePlatform,
  parseReference,
  platformFit,
  withDefaultTag,
  withDigest,
  withTag,
} from './index.ts';

const sha = `sha256:${'ab'.repeat(32)}`;

test('short names mean Docker Hub', () => {
  const pairs: ReadonlyArray<readonly [string, string, string]> = [
    ['debian', 'docker.io/library/debian', 'debian'],
    ['debian:12', 'docker.io/library/debian:12', 'debian:12'],
    ['docker.io/library/debian', 'docker.io/library/debian', 'debian'],
    ['index.docker.io/debian', 'docker.io/library/debian', 'debian'],
    ['someone/thing', 'docker.io/someone/thing', 'someone/thing'],
    ['localhost/x', 'localhost/x', 'localhost/x'],
    ['localhost:5000/x:y', 'localhost:5000/x:y', 'localhost:5000/x:y'],
    ['Host/x', 'Host/x', 'Host/x'],
    ['a.example/b/c@' + sha, 'a.example/b/c@' + sha, 'a.example/b/c@' + sha],
    ['[::1]:5000/x', '[::1]:5000/x', '[::1]:5000/x'],
    ['a__b/c-d.e', 'docker.io/a__b/c-d.e', 'a__b/c-d.e'],
    ['docker.io/library/a/b', 'docker.io/library/a/b', 'library/a/b'],
  ];
  for (const [text, full, familiar] of pairs) {
    expect(formatReference(parseReference(text))).toBe(full);
    expect(formatFamiliar(parseReference(text))).toBe(familiar);
  }
});

test('tags and digests', () => {
  const debian = parseReference('debian');
  expect(formatFamiliar(withDefaultTag(debian))).toBe('debian:latest');
  expect(formatFamiliar(withDefaultTag(parseReference('debian:12')))).toBe('debian:12');
  const digested = parseReference(`debian:12@${sha}`);
  expect(digested.tag).toBe('12');
  expect(formatFamiliar(withDefaultTag(digested))).toBe(`debian:12@${sha}`);
  expect(formatFamiliar(withDigest(debian, digested.digest!))).toBe(`debian@${sha}`);
  expect(familiarName(digested)).toBe('debian');
  expect(() => withTag(debian, '-x')).toThrow('invalid tag format');
});

test('what Docker refuses, in its words', () => {
  const refused: ReadonlyArray<readonly [string, string]> = [
    ['', 'invalid reference format'],
    ['X', 'invalid reference format: repository name (library/X) must be lowercase'],
    ['a/B:c', 'invalid reference format: repository name (a/B) must be lowercase'],
    [':tag', 'invalid reference format'],
    ['a:', 'invalid reference format'],
    ['a@sha256:abc', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['-a', 'invalid reference format'],
    ['a b', 'invalid reference format'],
    ['a/../b', 'invalid reference format'],
    ['a\n', 'invalid reference format'],
    [`a:${'t'.repeat(129)}`, 'invalid reference format'],
    ['a'.repeat(2000), 'invalid reference format'],
    [`x.example/${'a'.repeat(250)}`, 'repository name must not be more than 255 characters'],
    ['ab'.repeat(32), `invalid repository name (${'ab'.repeat(32)}), cannot specify 64-byte hexadecimal strings`],
  ];
  for (const [text, message] of refused) {
    expect(() => parseReference(text)).toThrow(message);
  }
});

const part = fc.stringMatching(/^[a-z0-9]{1,8}(?:(?:[._]|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
const domain = fc.stringMatching(/^[a-z0-9]{1,8}(?:\.[a-z0-9]{1,8}){1,2}(?::[0-9]{1,5})?$/);
const tag = fc.stringMatching(/^\w[\w.-]{0,20}$/);

test('references survive the way to text and back, in both forms', () => {
  const any = fc.tuple(fc.option(domain), fc.array(part, { minLength: 1, maxLength: 4 }), fc.option(tag), fc.option(fc.constant(sha)));
  fc.assert(
    fc.property(any, ([host, parts, tagged, digest]) => {
      const path = parts.join('/');
      fc.pre(!/^[0-9a-f]{64}$/.test(path));
      // A first part with a dot before a slash is a domain by the grammar, and may then be none (`a.0__0/b`).
      fc.pre(host !== null || parts.length === 1 || !/\.|^localhost$/.test(parts[0] ?? ''));
      const text = `${host === null ? '' : `${host}/`}${path}${tagged === null ? '' : `:${tagged}`}${digest === null ? '' : `@${digest}`}`;
      const reference = parseReference(text);
      expect(parseReference(formatReference(reference))).toEqual(reference);
      expect(parseReference(formatFamiliar(reference))).toEqual(reference);
    }),
  );
});

test('any text parses or is an EngineError', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      try {
        formatReference(parseReference(text));
      } catch (error) {
        expect(isEngineError(error, 'InvalidArgument')).toBe(true);
      }
    }),
  );
});

test('platforms', () => {
  const host = { os: 'linux', architecture: 'amd64' };
  expect(parsePlatform('linux/arm64/v8', host)).toEqual({ os: 'linux', architecture: 'arm64' });
  expect(parsePlatform('x86_64', host)).toEqual({ os: 'linux', architecture: 'amd64' });
  expect(parsePlatform('linux', host)).toEqual(host);
  expect(formatPlatform(parsePlatform('linux/arm/v6', host))).toBe('linux/arm/v6');
  expect(() => parsePlatform('a/b/c/d', host)).toThrow('platform specifier');
  expect(() => parsePlatform('', host)).toThrow('platform specifier');
  const v7 = { os: 'linux', architecture: 'arm', variant: 'v7' };
  expect(platformFit(v7, v7)).toBeGreaterThan(platformFit(v7, { ...v7, variant: 'v6' }));
  expect(platformFit(v7, { ...v7, variant: 'v8' })).toBe(0);
  expect(platformFit(host, v7)).toBe(0);
});
