import { expect, test } from 'bun:test';
import { applyImageChanges } from './image-changes.ts';

test.each([
  [['CMD ["a","b"]'], { Cmd: ['a', 'b'] }],
  [['cmd echo $X'], { Cmd: ['/bin/sh', '-c', 'echo $X'] }],
  [['ENTRYPOINT /x'], { Entrypoint: ['/bin/sh', '-c', '/x'] }],
  [['ENV A=1 B="two words" C=a\\ b', 'ENV A=2'], { Env: ['A=2', 'B=two words', 'C=a b'] }],
  [['ENV NAME some value'], { Env: ['NAME=some value'] }],
  [['LABEL a.b=c "x y"=z'], { Labels: { 'a.b': 'c', 'x y': 'z' } }],
  [['EXPOSE 80 53/udp 8000-8002'], { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {}, '8002/tcp': {} } }],
  [['VOLUME ["/a b"]', 'VOLUME /c /d'], { Volumes: { '/a b': {}, '/c': {}, '/d': {} } }],
  [['WORKDIR /a', 'WORKDIR b/../c', 'USER 1:2', 'STOPSIGNAL INT'], { WorkingDir: '/a/c', User: '1:2', StopSignal: 'INT' }],
  [['HEALTHCHECK --interval=5s --retries=2 CMD curl x'], { Healthcheck: { Interval: 5e9, Retries: 2, Test: ['CMD-SHELL', 'curl x'] } }],
  [
    ['HEALTHCHECK NONE', 'ONBUILD RUN x', 'SHELL ["/bin/bash","-c"]', 'CMD ls'],
    { Healthcheck: { Test: ['NONE'] }, OnBuild: ['RUN x'], Shell: ['/bin/bash', '-c'], Cmd: ['/bin/bash', '-c', 'ls'] },
  ],
])('%p', (changes, expected) => {
  expect(applyImageChanges({}, changes)).toEqual(expected);
});

test.each([
  ['FROM x', 'FROM is not a valid change command'],
  ['NOPE x', 'unknown instruction: NOPE'],
  ['ENV', 'ENV requires at least one argument'],
  ['EXPOSE 99999', 'invalid containerPort: 99999'],
  ['LABEL a=b c', 'can\'t find = in "c"'],
])('%p is refused', (change, message) => {
  expect(() => applyImageChanges({}, [change])).toThrow(message);
});
