import { isEngineError } from '../../base/index.ts';
import { createExec, inspectExec, resizeExec, startExec } from '../../engine/index.ts';
import { json } from '../answers.ts';
import { jsonBody, subject, type Call } from '../call.ts';
import { decodeExecCreate, decodeExecStart } from '../decode/index.ts';
import type { HttpAnswer } from '../http/index.ts';
import type { Route } from '../router.ts';
import { frame } from '../frames.ts';
import { takeOver, takeOverWith } from '../take-over.ts';
import { sizeOf } from './containers.ts';

export const execRoutes: readonly Route[] = [
  { method: 'POST', pattern: '/containers/{id}/exec', handler: create },
  { method: 'POST', pattern: '/exec/{id}/start', handler: start },
  { method: 'POST', pattern: '/exec/{id}/resize', handler: resize },
  { method: 'GET', pattern: '/exec/{id}/json', handler: inspect },
];

async function create(call: Call): Promise<HttpAnswer> {
  const request = decodeExecCreate(await jsonBody(call), call.minor);
  return json({ Id: await createExec(call.house, subject(call), request, { signal: call.signal }) }, 201);
}

async function start(call: Call): Promise<HttpAnswer> {
  const request = decodeExecStart(await jsonBody(call), call.minor);
  let session: Awaited<ReturnType<typeof startExec>>;
  try {
    session = await startExec(call.house, subject(call), request, { signal: call.signal });
  } catch (error) {
    if (request.detach || !isEngineError(error) || error.detail['exitCode'] === undefined) throw error;
    return spoken(call, request.terminal, error.message);
  }
  return session === undefined ? { kind: 'whole', status: 200, body: '' } : takeOver(call, session);
}

// A command that cannot be started is told of on its stdout, and by its exit code, as Docker does.
function spoken(call: Call, terminal: boolean, message: string): HttpAnswer {
  const bytes = new TextEncoder().encode(`${message}\r\n`);
  return takeOverWith(call, terminal, async (duplex) => {
    await duplex.write(terminal ? bytes : frame({ stream: 'stdout', bytes }));
  });
}

async function resize(call: Call): Promise<HttpAnswer> {
  await resizeExec(call.house, subject(call), sizeOf(call), { signal: call.signal });
  return { kind: 'whole', status: 200, body: '' };
}

function inspect(call: Call): HttpAnswer {
  const { id, containerId, request, running, exitCode, pid } = inspectExec(call.house, subject(call));
  const [entrypoint = '', ...args] = request.command;
  return json({
    ID: id,
    Running: running,
    ExitCode: exitCode,
    ProcessConfig: {
      tty: request.terminal,
      entrypoint,
      arguments: args,
      privileged: request.privileged,
      ...(request.user === '' ? {} : { user: request.user }),
    },
    OpenStdin: request.attachStdin,
    OpenStderr: request.attachStderr,
    OpenStdout: request.attachStdout,
    CanRemove: false,
    ContainerID: containerId,
    DetachKeys: request.detachKeys === '' ? '' : Buffer.from(request.detachKeys).toString('base64'),
    Pid: pid,
  });
}
