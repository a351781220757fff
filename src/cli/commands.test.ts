import { expect, test } from 'bun:test';
import { fakeEngine, type Asked } from './fake-engine.ts';
import { main } from './main.ts';
import { testIo } from './test-io.ts';

const json = (value: unknown, status = 200) => Response.json(value, { status });

async function run(argv: readonly string[], answer: (asked: Asked) => Response | undefined, stdin = '') {
  await using engine = fakeEngine(answer);
  const io = testIo({ BERTH_HOST: engine.host, DOCKER_API_VERSION: '1.51' }, stdin);
  const exitCode = await main(argv, io);
  return {
    exitCode,
    ...io.written,
    asked: engine.asked.map(({ method, path, query }) => `${method} ${path}${query.size === 0 ? '' : `?${query}`}`),
  };
}

const seconds = () => Math.floor(Date.now() / 1000);
const summary = {
  Id: 'a'.repeat(64),
  Names: ['/web', '/other/alias'],
  Image: 'busybox',
  ImageID: 'sha256:b',
  Command: "sh -c 'echo something long'",
  Created: seconds() - 7200,
  Ports: [{ IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }],
  Labels: { b: '2', a: '1' },
  State: 'running',
  Status: 'Up 2 hours',
  NetworkSettings: { Networks: { none: {} } },
  Mounts: [],
};

test('ps shows a table', async () => {
  const { stdout, asked } = await run(['ps', '-a', '-f', 'name=web', '-f', 'status=running'], () => json([summary]));
  expect(stdout).toBe(
    `CONTAINER ID   IMAGE     COMMAND                  CREATED       STATUS       PORTS                  NAMES
aaaaaaaaaaaa   busybox   "sh -c 'echo somethi…"   2 hours ago   Up 2 hours   0.0.0.0:8080->80/tcp   web
`,
  );
  const filters = '{"name":{"web":true},"status":{"running":true}}';
  expect(decodeURIComponent(asked[0]!)).toBe(`GET /containers/json?all=1&filters=${filters}`);
});

test('ps shows ids, templates and JSON', async () => {
  const show = async (...argv: string[]) => (await run(['ps', ...argv], () => json([summary]))).stdout;
  expect(await show('-q')).toBe('aaaaaaaaaaaa\n');
  expect(await show('--format', '{{.Names}} {{.Label "a"}} {{.Labels}}')).toBe('web 1 a=1,b=2\n');
  expect(await show('--format', 'table {{.ID}}\\t{{.Names}}')).toBe('CONTAINER ID   NAMES\naaaaaaaaaaaa   web\n');
  expect(JSON.parse(await show('--format', 'json'))).toMatchObject({
    ID: 'aaaaaaaaaaaa',
    Names: 'web',
    Networks: 'none',
    State: 'running',
  });
});

test('an argument that fails does not stop the others', async () => {
  const result = await run(['stop', '-t', '3', 'a', 'b', 'c'], ({ path }) =>
    path.includes('/b/') ? json({ message: 'No such container: b' }, 404) : new Response(null, { status: 204 }),
  );
  expect([result.exitCode, result.stdout, result.stderr]).toEqual([1, 'a\nc\n', 'Error response from daemon: No such container: b\n']);
  expect(result.asked.sort()).toEqual(['POST /containers/a/stop?t=3', 'POST /containers/b/stop?t=3', 'POST /containers/c/stop?t=3']);
});

test('inspect shows what it finds, layout and numbers as the engine sent them', async () => {
  const text = '{"Id":"x","Memory":9223372036854771712,"Ports":{"80":[],"a":{}},"Health":"\\u003c"}';
  const result = await run(['inspect', 'x', 'nope'], ({ path }) => (path === '/containers/x/json' ? new Response(text) : undefined));
  expect(result.stdout).toBe(`[
    {
        "Id": "x",
        "Memory": 9223372036854771712,
        "Ports": {
            "80": [],
            "a": {}
        },
        "Health": "\\u003c"
    }
]
`);
  expect([result.exitCode, result.stderr]).toEqual([1, 'Error: No such object: nope\n']);
});

test('inspect shows absent lists and structures as Docker does', async () => {
  const container = {
    State: { Status: 'running', Pid: 5 },
    Config: { Env: null, Labels: { a: '1' }, Cmd: ['x', 'y'] },
    HostConfig: { Binds: null, PortBindings: null, LogConfig: { Type: 'json-file', Config: {} } },
  };
  const show = async (format: string) => (await run(['inspect', '-f', format, 'x'], () => json(container))).stdout;
  expect(await show('{{.State}} {{.HostConfig.Binds}} {{.HostConfig.PortBindings}} {{.HostConfig.LogConfig}}')).toBe(
    '{running 5} [] map[] {json-file map[]}\n',
  );
  expect(await show('{{json .HostConfig.Binds}} {{.State.Health}} {{.Config.Labels}} {{.Config.Labels.zz}}')).toBe(
    'null <nil> map[a:1] <no value>\n',
  );
  const wrong = await run(['inspect', '-f', '{{.State.Foo}}', 'x'], () => json(container));
  expect([wrong.exitCode, wrong.stdout, wrong.stderr]).toEqual([
    1,
    '\n',
    'template parsing error: template: :1:8: executing "" at <.State.Foo>: map has no entry for key "Foo"\n',
  ]);
});

test('events keep every digit of their instant', async () => {
  const line =
    '{"Type":"container","Action":"start","Actor":{"ID":"abc","Attributes":{"name":"web","image":"x"}},"time":1795799031,"timeNano":1795799031925493123}';
  const shown = await run(['events'], () => new Response(`${line}\n`));
  expect(shown.stdout).toMatch(/^2026-11-27T\d\d:\d\d:51\.925493123(Z|[+-]\d\d:\d\d) container start abc \(image=x, name=web\)\n$/);
  expect((await run(['events', '--format', 'json'], () => new Response(`${line}\n`))).stdout).toBe(`${line}\n`);
});

test('prune asks first', async () => {
  const answer = () => json({ ContainersDeleted: ['a'], SpaceReclaimed: 1500 });
  const no = await run(['container', 'prune'], answer, 'n\n');
  expect([no.exitCode, no.asked]).toEqual([0, []]);
  const yes = await run(['container', 'prune'], answer, 'y\n');
  expect(yes.stdout).toEndWith('[y/N] Deleted Containers:\na\n\nTotal reclaimed space: 1.5kB\n');
});

test('a progress stream that ends in an error is one', async () => {
  const stream = '{"status":"Pulling","id":"x"}\n{"errorDetail":{"message":"no space"},"error":"no space"}\n';
  const result = await run(['pull', 'busybox:1'], () => new Response(stream));
  expect([result.exitCode, result.stdout, result.stderr]).toEqual([1, 'x: Pulling\n', 'no space\n']);
});

test('create pulls an image that is missing, once', async () => {
  let created = 0;
  const result = await run(['create', '--name', 'n', 'busybox'], ({ path }) => {
    if (path === '/images/create') return new Response('{"status":"done"}\n');
    return created++ === 0 ? json({ message: 'No such image: busybox:latest' }, 404) : json({ Id: 'abc', Warnings: ['mind'] }, 201);
  });
  expect([result.exitCode, result.stdout, result.stderr]).toEqual([
    0,
    'abc\n',
    "Unable to find image 'busybox:latest' locally\ndone\nWARNING: mind\n",
  ]);
  expect(result.asked).toEqual([
    'POST /containers/create?name=n',
    'POST /images/create?fromImage=busybox&tag=latest',
    'POST /containers/create?name=n',
  ]);
});
