import { expect, test } from 'bun:test';
import { applyChanges } from './changes.ts';

test('each instruction changes its field', () => {
  const changed = applyChanges({ Env: ['PATH=/bin', 'A=old'], Cmd: ['sh'] }, [
    'env A=new B="two words" C=$A-${D:-none}',
    'ENV OLD form of it',
    'CMD ["echo", "x"]',
    'ENTRYPOINT exec thing',
    'EXPOSE 80 53/udp 8000-8002',
    'LABEL a=b "c d"=e',
    'ONBUILD RUN true',
    'STOPSIGNAL SIGINT',
    'USER 1000:1000',
    'VOLUME /data /more',
    'WORKDIR /srv',
    'WORKDIR app/../web',
    'HEALTHCHECK --interval=5s --retries=3 CMD true || false',
    'SHELL ["/bin/bash", "-c"]',
  ]);
  expect(changed).toEqual({
    Env: ['PATH=/bin', 'A=new', 'B=two words', 'C=old-none', 'OLD=form of it'],
    Cmd: ['echo', 'x'],
    Entrypoint: ['/bin/sh', '-c', 'exec thing'],
    ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {}, '8002/tcp': {} },
    Labels: { a: 'b', 'c d': 'e' },
    OnBuild: ['RUN true'],
    StopSignal: 'SIGINT',
    User: '1000:1000',
    Volumes: { '/data': {}, '/more': {} },
    WorkingDir: '/srv/web',
    Healthcheck: { Test: ['CMD-SHELL', 'true || false'], Interval: 5e9, Retries: 3 },
    Shell: ['/bin/bash', '-c'],
  });
});

test('an entrypoint alone takes the old command away', () => {
  expect(applyChanges({ Cmd: ['sh'] }, ['ENTRYPOINT ["/x"]'])).toEqual({ Cmd: null, Entrypoint: ['/x'] });
  expect(applyChanges({ Entrypoint: ['/x'] }, ['ENTRYPOINT []', 'CMD'])).toEqual({ Cmd: [], Entrypoint: null });
  expect(applyChanges({}, ['HEALTHCHECK NONE', '', '# nothing'])).toEqual({ Healthcheck: { Test: ['NONE'] } });
});

test.each([
  ['RUN true', 'RUN is not a valid change command'],
  ['FOO x', 'unknown instruction: FOO'],
  ['ENV', 'ENV requires at least one argument'],
  ['ENV a', 'ENV must have two arguments'],
  ['ENV a=b c', 'Syntax error - can\'t find = in "c". Must be of the form: name=value'],
  ['ENV =b', 'ENV names can not be blank'],
  ['ENV a=${b', 'unsupported substitution'],
  ['EXPOSE nothing', 'invalid containerPort: nothing'],
  ['EXPOSE 99999', 'invalid containerPort: 99999'],
  ['EXPOSE 1/foo', 'invalid proto: foo'],
  ['USER', 'USER requires exactly one argument'],
  ['STOPSIGNAL a b', 'STOPSIGNAL requires exactly one argument'],
  ['ONBUILD ONBUILD RUN x', 'Chaining ONBUILD'],
  ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
  ['SHELL bash', 'SHELL requires the arguments to be in JSON form'],
  ['HEALTHCHECK MAYBE', 'Unknown type "MAYBE" in HEALTHCHECK (try CMD)'],
  ['HEALTHCHECK --bad=1 CMD x', 'unknown flag: --bad'],
  ['HEALTHCHECK --interval=1ns CMD x', 'cannot be less than 1ms'],
  ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
])('%s is refused', (change, message) => {
  expect(() => applyChanges({}, [change])).toThrow(message);
});
