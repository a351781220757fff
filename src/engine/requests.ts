import type { ContainerConfig, EndpointSettings, HostConfig, ImageConfig, Platform } from '../spec/index.ts';
import type { SnapshotDirectories } from '../snapshot/index.ts';
import type { ContainerRecord } from './contract.ts';

/** Last parameter of everything that waits. */
export interface Options {
  readonly signal: AbortSignal;
}

/** Docker's `filters={"key":{"value":true}}` after decoding: values per key. Unknown keys are refused by the use case. */
export type Filters = Readonly<Record<string, readonly string[]>>;

export interface CreatedContainer {
  readonly id: string;
  readonly warnings: readonly string[];
}

export interface StopRequest {
  /** Name or number; undefined: the container's own, else SIGTERM. */
  readonly stopSignal?: string;
  /** -1 waits for ever; undefined: the container's own, else the engine's default (10). */
  readonly timeoutSeconds?: number;
}

export interface RemoveContainerRequest {
  readonly force: boolean;
  /** Its anonymous volumes too. */
  readonly volumes: boolean;
  /** Docker's old `--link` removal: answered with an error, links are a network matter. */
  readonly link: boolean;
}

/** POST /containers/{id}/update: absent fields stay. */
export type UpdateContainerRequest = Partial<
  Pick<
    HostConfig,
    | 'BlkioWeight'
    | 'CpuPeriod'
    | 'CpuQuota'
    | 'CpuRealtimePeriod'
    | 'CpuRealtimeRuntime'
    | 'CpuShares'
    | 'CpusetCpus'
    | 'CpusetMems'
    | 'Memory'
    | 'MemoryReservation'
    | 'MemorySwap'
    | 'NanoCpus'
    | 'PidsLimit'
    | 'RestartPolicy'
  >
>;

export interface ListContainersRequest {
  readonly all: boolean;
  /** The newest n, stopped ones too; 0 or undefined: no limit. */
  readonly limit?: number;
  readonly size: boolean;
  readonly filters: Filters;
}

/** Bytes: of the container's own layer, and of all of its layers. */
export interface ContainerSize {
  readonly rw: number;
  readonly rootFs: number;
}

export interface ContainerSummary {
  readonly record: ContainerRecord;
  readonly size?: ContainerSize;
}

export interface ContainerDetails {
  readonly record: ContainerRecord;
  /** For GraphDriver. Undefined, when the root filesystem is gone. */
  readonly directories?: SnapshotDirectories;
  readonly execIds: readonly string[];
  readonly size?: ContainerSize;
}

/** POST /commit. */
export interface CommitRequest {
  /** '' for no name. */
  readonly reference: string;
  readonly author: string;
  readonly comment: string;
  /** Freeze the container meanwhile. */
  readonly pause: boolean;
  /** Dockerfile instructions, as `--change`. */
  readonly changes: readonly string[];
  /** The body's config, laid over the container's. */
  readonly config?: Partial<ContainerConfig>;
}

export interface ImportImageRequest {
  readonly reference: string;
  readonly message: string;
  readonly platform?: Platform;
  readonly changes: readonly string[];
  readonly config?: ImageConfig['config'];
}

/** The parts of a create body that name networks. */
export type Endpoints = Readonly<Record<string, EndpointSettings>>;
