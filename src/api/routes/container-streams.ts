import { EngineError } from '../../base/index.ts';
import { attachContainer, containerLogs, containerStats, waitContainer, type LogsRequest, type WaitCondition } from '../../engine/index.ts';
import { bytes, jsonLines } from '../answers.ts';
import { subject, type Call } from '../call.ts';
import { encodeOutput, rawStream, streamType } from '../frames.ts';
import type { HttpAnswer } from '../http/index.ts';
import { renderStats } from '../render/stats.ts';
import type { Route } from '../router.ts';
import { statusOf } from '../status.ts';
import { takeOver, takeOverWebSocket } from '../take-over.ts';

export const containerStreamRoutes: readonly Route[] = [
  { method: 'POST', pattern: '/containers/{id}/attach', handler: attach },
  { method: 'GET', pattern: '/containers/{id}/attach/ws', handler: attachWebSocket },
  { method: 'POST', pattern: '/containers/{id}/wait', handler: wait },
  { method: 'GET', pattern: '/containers/{id}/logs', handler: logs },
  { method: 'GET', pattern: '/containers/{id}/stats', handler: stats },
];

async function attach(call: Call): Promise<HttpAnswer> {
  return takeOver(call, await sessionOf(call));
}

async function attachWebSocket(call: Call): Promise<HttpAnswer> {
  const session = await sessionOf(call);
  try {
    return takeOverWebSocket(call, session);
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

function sessionOf(call: Call): ReturnType<typeof attachContainer> {
  const { house, query, signal } = call;
  const request = {
    logs: query.boolean('logs'),
    stream: query.boolean('stream'),
    stdin: query.boolean('stdin'),
    stdout: query.boolean('stdout'),
    stderr: query.boolean('stderr'),
    detachKeys: query.text('detachKeys'),
  };
  return attachContainer(house, subject(call), request, { signal });
}

// The headers go out before the exit: `docker run` starts the container only after it has them.
async function wait(call: Call): Promise<HttpAnswer> {
  const { house, query, signal, minor } = call;
  const condition = minor < 30 ? 'not-running' : query.text('condition');
  const ended = waitContainer(house, subject(call), (condition === '' ? 'not-running' : condition) as WaitCondition, { signal });
  ended.catch(() => {}); // Awaited below, perhaps later than it fails.
  return jsonLines(waited(ended));
}

async function* waited(ended: ReturnType<typeof waitContainer>): AsyncGenerator<unknown> {
  try {
    const { exitCode, error } = await ended;
    yield `${JSON.stringify({ StatusCode: exitCode, ...(error === undefined || error === '' ? {} : { Error: { Message: error } }) })}\n`;
  } catch (error) {
    yield `${JSON.stringify({ StatusCode: -1, Error: { Message: statusOf(error).message } })}\n`;
  }
}

async function logs(call: Call): Promise<HttpAnswer> {
  const { house, query, signal, minor } = call;
  const stdout = query.boolean('stdout');
  const stderr = query.boolean('stderr');
  if (!stdout && !stderr) throw new EngineError('InvalidArgument', 'Bad parameters: you must choose at least one stream');
  const since = query.time('since');
  const until = query.time('until');
  const tail = tailOf(query.text('tail'));
  const request: LogsRequest = {
    follow: query.boolean('follow'),
    stdout,
    stderr,
    timestamps: query.boolean('timestamps'),
    details: query.boolean('details'),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(tail === undefined ? {} : { tail }),
  };
  const { terminal, output } = await containerLogs(house, subject(call), request, { signal });
  return bytes(encodeOutput(output, terminal), minor < 42 ? rawStream : streamType(terminal, minor));
}

// moby daemon/logs.go: what is no number, and a negative one, means all.
function tailOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

async function stats(call: Call): Promise<HttpAnswer> {
  const { house, query, signal, minor } = call;
  const stream = query.boolean('stream', true);
  const oneShot = minor >= 41 && query.boolean('one-shot');
  if (stream && oneShot) throw new EngineError('InvalidArgument', 'cannot have stream=true and one-shot=true');
  const samples = await containerStats(house, subject(call), { stream, oneShot }, { signal });
  return jsonLines(rendered(samples, house.host));
}

async function* rendered(samples: Awaited<ReturnType<typeof containerStats>>, host: Call['house']['host']): AsyncGenerator<unknown> {
  for await (const sample of samples) yield `${JSON.stringify(renderStats(sample, host))}\n`;
}
