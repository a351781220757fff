import type { ContainerProcess } from '../runtime/index.ts';
import type { AttachRequest, AttachSession, ContainerRecord, CreateExecRequest, EngineEvent, ExecRecord } from './contract.ts';
import type { ExecInstance } from './exec-table.ts';
import type { LiveLog } from './logs/index.ts';
import type { Filters, Options } from './requests.ts';

/*
 * The parts of the engine that live as long as it does and hold state of their own. openHouse makes one of each:
 *   events/index.ts      createEventBus(clock)            logs/index.ts     createLogDrivers(house parts)
 *   streams/index.ts     createStreams(house parts)       exec-table.ts     createExecTable()
 *   health.ts            createHealthMonitor(parts)
 * Use cases reach them through House.
 */

/** Tells the world what happened, and keeps the last events for late listeners. */
export interface EventBus {
  /** Number of subscribers, for info. */
  readonly listeners: number;
  /** Stamps the event and hands it to all subscribers; never waits, never throws. */
  publish(event: Pick<EngineEvent, 'type' | 'action' | 'actor'>): void;
  /**
   * Replays kept events from `since`, then goes on live until `until`, abort or engine end. Listening starts when this is called, not at the
   * first read. A reader that is too slow loses its subscription instead of holding memory.
   */
  subscribe(request: EventsRequest, options: Options): AsyncIterable<EngineEvent>;
}

export interface EventsRequest {
  readonly since?: Date;
  readonly until?: Date;
  readonly filters: Filters;
}

/** Joins every container's stdio: process → log and attached sessions; sessions → process. */
export interface ContainerStreams {
  /**
   * Feeds a process that was just started or found again to its log driver and its sessions. Called once per run, at once after `start` or
   * `reconnect`; opens the log synchronously.
   * @returns when all its output is written to the log and handed to the sessions, which have then ended.
   */
  connect(record: ContainerRecord, process: ContainerProcess): { readonly drained: Promise<void> };
  /** A session with a container that runs or is about to. Registered when this returns: output of a start that follows is not lost. */
  attach(record: ContainerRecord, request: AttachRequest, options: Options): Promise<AttachSession>;
  /** Checks driver name and options as create does. @throws {EngineError} InvalidArgument, in Docker's words. */
  validateLogConfig(config: ContainerRecord['hostConfig']['LogConfig']): void;
  /** Ends the sessions of a container whose start failed, or that goes away. */
  end(id: string): void;
  /** What followers of a running container's log wait on; undefined when it does not run or its driver cannot be read. */
  liveLog(id: string): LiveLog | undefined;
}

/** The exec instances there are; forgotten with their container. */
export interface ExecTable {
  add(id: string, containerId: string, request: CreateExecRequest): ExecInstance;
  instance(id: string): ExecInstance | undefined;
  /** Keeps the exit code for some minutes. Only the first call counts. */
  ended(instance: ExecInstance, exitCode: number): void;
  /** Those that have not ended. */
  idsOf(containerId: string): readonly string[];
  find(id: string): ExecRecord | undefined;
  /** The container ended: what ran in it has ended with it. */
  containerEnded(containerId: string): void;
  /** The container is removed. */
  forget(containerId: string): void;
}

/** Runs health checks. Writes `record.health` and publishes `health_status: …`. */
export interface HealthMonitor {
  /** A container runs (started or adopted): sets `starting` and begins its checks, if it has any. */
  started(record: ContainerRecord, process: ContainerProcess): void;
  /** It ended, or its checks must rest (paused: they rest by themselves). */
  stopped(id: string): void;
}
