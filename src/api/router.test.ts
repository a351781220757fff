import { expect, test } from 'bun:test';
import { messageOf } from '../base/index.ts';
import { Query } from './query.ts';
import { Router } from './router.ts';
import { routes } from './routes/index.ts';

const router = new Router(routes);

function find(method: string, path: string): unknown {
  try {
    const { handler, params, minor } = router.match(method, path);
    const route = routes.find((each) => each.handler === handler && each.method === method);
    return [route?.pattern, params, minor];
  } catch (error) {
    return messageOf(error);
  }
}

test.each([
  ['GET', '/_ping', ['/_ping', [], 51]],
  ['GET', '/v1.24/containers/json', ['/containers/json', [], 24]],
  ['GET', '/v1.51/containers/abc/json', ['/containers/{id}/json', ['abc'], 51]],
  ['GET', '/images/json', ['/images/json', [], 51]],
  ['GET', '/images/a/b/c:d/json', ['/images/{name...}/json', ['a/b/c:d'], 51]],
  ['GET', '/images/host%3A5000%2Fx/json', ['/images/{name...}/json', ['host:5000/x'], 51]],
  ['DELETE', '/images/a/b', ['/images/{name...}', ['a/b'], 51]],
  ['POST', '/images/a/b/tag', ['/images/{name...}/tag', ['a/b'], 51]],
  ['POST', '/images/create', ['/images/create', [], 51]],
  ['POST', '/images/prune', ['/images/prune', [], 51]],
  ['GET', '/networks/', ['/networks', [], 51]],
  ['GET', '/containers/..%2f..%2fetc/json', ['/containers/{id}/json', ['../../etc'], 51]],
  ['GET', '/nonesuch', 'page not found'],
  ['GET', '/v1.51/nonesuch', 'page not found'],
  ['PUT', '/containers/json', 'page not found'],
  ['GET', '/containers/a/b/json', 'page not found'],
  ['GET', '/v1.99/containers/json', 'client version 1.99 is too new. Maximum supported API version is 1.51'],
  ['GET', '/v2.0/containers/json', 'client version 2.0 is too new. Maximum supported API version is 1.51'],
  [
    'GET',
    '/v1.10/containers/json',
    'client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
  ],
  ['POST', '/v1.24/containers/prune', '"POST" /containers/prune requires API version 1.25 or later'],
  ['GET', '/containers/%zz/json', 'invalid URL escape in "%zz"'],
])('%s %s', (method, path, found) => {
  expect(find(method, path)).toEqual(found);
});

test('no two routes are the same', () => {
  const names = routes.map(({ method, pattern }) => `${method} ${pattern}`);
  expect(new Set(names).size).toBe(names.length);
});

test('booleans, integers and times of a query', () => {
  const query = new Query('a=1&b=0&c=False&d=none&e=&f=yes&n=-3&x=z&t=1700000000.5&u=2024-01-02T03:04:05Z&v=never');
  expect(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => query.boolean(name))).toEqual([true, false, false, false, false, true, false]);
  expect(query.boolean('g', true)).toBe(true);
  expect([query.integer('n'), query.integer('g')]).toEqual([-3, undefined]);
  expect(() => query.integer('x')).toThrow('parsing "z": invalid syntax');
  expect(query.time('t')).toEqual(new Date(1_700_000_000_500));
  expect(query.time('u')).toEqual(new Date('2024-01-02T03:04:05Z'));
  expect(() => query.time('v')).toThrow('invalid value for "v": never');
});

test.each([
  ['{"a":{"x":true,"y":false}}', { a: ['x'] }],
  ['{"a":["x","y"]}', { a: ['x', 'y'] }],
  ['null', {}],
  ['', {}],
  ['nonsense', 'invalid filter'],
  ['[]', 'invalid filter'],
  ['{"a":1}', 'invalid filter'],
  ['{"a":{"x":"y"}}', 'invalid filter'],
  ['{"a":[1]}', 'invalid filter'],
])('filters %s', (text, found) => {
  const query = new Query(`filters=${encodeURIComponent(text)}`);
  if (typeof found === 'string') expect(() => query.filters()).toThrow(found);
  else expect(query.filters()).toEqual(found);
});
