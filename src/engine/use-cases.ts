import type { Digest, Platform } from '../spec/index.ts';
import type { Image, ImageHistoryRow, ImageProgress, ImageRemoval, LoadedImage } from '../image/index.ts';
import type { CgroupStatistics, OutputChunk, TerminalSize } from '../runtime/index.ts';
import type { CreateVolumeRequest, Volume } from '../volume/index.ts';
import type {
  AttachRequest,
  AttachSession,
  CreateContainerRequest,
  CreateExecRequest,
  EngineEvent,
  ExecRecord,
  LogsRequest,
  WaitCondition,
  WaitResult,
} from './contract.ts';
import type { RegistryCredentials } from '../registry/index.ts';
import type { ContainerExplanation } from './explain/contract.ts';
import type { House } from './house.ts';
import type { PullImageRequest } from './image-pull.ts';
import type { PushImageRequest } from './image-push.ts';
import type { DistributionInspect } from './registries.ts';
import type { EventsRequest } from './ports.ts';
import type {
  CommitRequest,
  ContainerDetails,
  ContainerSummary,
  CreatedContainer,
  Filters,
  ImportImageRequest,
  ListContainersRequest,
  Options,
  RemoveContainerRequest,
  StopRequest,
  UpdateContainerRequest,
} from './requests.ts';

/**
 * Every verb of the engine, as `index.ts` exports it; the compiler compares the two. `words` is a container's name, id or unambiguous id
 * prefix. All throw EngineError NotFound `No such container: x` (or `No such image: x`) for what is not there, before anything is done.
 */
export interface UseCases {
  createContainer(house: House, request: CreateContainerRequest, options: Options): Promise<CreatedContainer>;
  /** @throws NotModified, when it runs already; InvalidArgument with `detail.exitCode`, when its process cannot be started. */
  startContainer(house: House, words: string, options: Options): Promise<void>;
  /** @throws NotModified, when it does not run. */
  stopContainer(house: House, words: string, request: StopRequest, options: Options): Promise<void>;
  restartContainer(house: House, words: string, request: StopRequest, options: Options): Promise<void>;
  /** `killSignal`: name or number, '' for SIGKILL. @throws Conflict, when it does not run. */
  killContainer(house: House, words: string, killSignal: string, options: Options): Promise<void>;
  pauseContainer(house: House, words: string, options: Options): Promise<void>;
  unpauseContainer(house: House, words: string, options: Options): Promise<void>;
  removeContainer(house: House, words: string, request: RemoveContainerRequest, options: Options): Promise<void>;
  renameContainer(house: House, words: string, name: string, options: Options): Promise<void>;
  updateContainer(
    house: House,
    words: string,
    request: UpdateContainerRequest,
    options: Options,
  ): Promise<{ readonly warnings: readonly string[] }>;
  /** Throws at once for an unknown container; is registered when it returns, so a start that follows is not missed. */
  waitContainer(house: House, words: string, condition: WaitCondition, options: Options): Promise<WaitResult>;
  resizeContainer(house: House, words: string, size: TerminalSize, options: Options): Promise<void>;
  inspectContainer(house: House, words: string, request: { readonly size: boolean }, options: Options): Promise<ContainerDetails>;
  listContainers(house: House, request: ListContainersRequest, options: Options): Promise<readonly ContainerSummary[]>;

  createVolume(house: House, request: CreateVolumeRequest, options: Options): Promise<Volume>;
  inspectVolume(house: House, name: string): Volume;
  listVolumes(house: House, filters: Filters): readonly Volume[];
  removeVolume(house: House, name: string, request: { readonly force: boolean }, options: Options): Promise<void>;

  attachContainer(house: House, words: string, request: AttachRequest, options: Options): Promise<AttachSession>;
  containerLogs(house: House, words: string, request: LogsRequest, options: Options): Promise<ContainerLogs>;
  createExec(house: House, words: string, request: CreateExecRequest, options: Options): Promise<string>;
  /** The session; undefined when `detach`. @throws NotFound `No such exec instance: x`; Conflict. */
  startExec(house: House, id: string, request: StartExecRequest, options: Options): Promise<AttachSession | undefined>;
  resizeExec(house: House, id: string, size: TerminalSize, options: Options): Promise<void>;
  inspectExec(house: House, id: string): ExecRecord;
  containerStats(house: House, words: string, request: StatsRequest, options: Options): Promise<AsyncIterable<ContainerStatistics>>;
  /** What isolates a container, running or not; see explain/contract.ts. */
  explainContainer(house: House, words: string, options: Options): Promise<ContainerExplanation>;
  containerTop(house: House, words: string, psArguments: string, options: Options): Promise<ProcessTable>;
  containerChanges(house: House, words: string, options: Options): Promise<readonly FilesystemChange[]>;
  /** A tar of its root filesystem. */
  exportContainer(house: House, words: string, options: Options): Promise<ReadableStream<Uint8Array>>;
  statArchive(house: House, words: string, path: string, options: Options): Promise<PathStat>;
  readArchive(
    house: House,
    words: string,
    path: string,
    options: Options,
  ): Promise<{ readonly stat: PathStat; readonly tar: ReadableStream<Uint8Array> }>;
  writeArchive(house: House, words: string, request: WriteArchiveRequest, tar: ReadableStream<Uint8Array>, options: Options): Promise<void>;
  commitContainer(house: House, words: string, request: CommitRequest, options: Options): Promise<Digest>;
  pruneContainers(
    house: House,
    filters: Filters,
    options: Options,
  ): Promise<{ readonly deleted: readonly string[]; readonly reclaimed: number }>;

  listImages(house: House, request: ListImagesRequest, options: Options): Promise<readonly ImageSummary[]>;
  inspectImage(house: House, words: string): Image;
  imageHistory(house: House, words: string): readonly ImageHistoryRow[];
  tagImage(house: House, words: string, reference: string): void;
  removeImage(
    house: House,
    words: string,
    request: { readonly force: boolean; readonly prune: boolean },
    options: Options,
  ): Promise<readonly ImageRemoval[]>;
  loadImages(
    house: House,
    tar: ReadableStream<Uint8Array>,
    request: { readonly platform?: Platform; readonly progress?: (event: ImageProgress) => void },
    options: Options,
  ): Promise<readonly LoadedImage[]>;
  saveImages(
    house: House,
    names: readonly string[],
    request: { readonly platform?: Platform },
    options: Options,
  ): ReadableStream<Uint8Array>;
  importImage(house: House, tar: ReadableStream<Uint8Array>, request: ImportImageRequest, options: Options): Promise<Image>;
  pruneImages(
    house: House,
    filters: Filters,
    options: Options,
  ): Promise<{ readonly removed: readonly ImageRemoval[]; readonly reclaimed: number }>;
  pullImage(house: House, request: PullImageRequest, options: Options): Promise<void>;
  pushImage(house: House, request: PushImageRequest, options: Options): Promise<void>;
  inspectDistribution(
    house: House,
    words: string,
    credentials: RegistryCredentials | undefined,
    options: Options,
  ): Promise<DistributionInspect>;

  subscribeEvents(house: House, request: EventsRequest, options: Options): AsyncIterable<EngineEvent>;
  engineInfo(house: House): EngineInfo;
  diskUsage(house: House, options: Options): Promise<DiskUsage>;
}

export interface ContainerLogs {
  readonly terminal: boolean;
  /**
   * Many whole lines of one stream in each chunk (about 64 KiB), each with its time and details in front when they were asked for:
   * frame it by chunk. Bounded, however slow the reader.
   */
  readonly output: AsyncIterable<OutputChunk>;
}

export interface StartExecRequest {
  readonly detach: boolean;
  readonly terminal: boolean;
  readonly consoleSize?: TerminalSize;
}

export interface StatsRequest {
  readonly stream: boolean;
  /** Do not wait for a second sample. */
  readonly oneShot: boolean;
}

export interface ContainerStatistics {
  readonly id: string;
  readonly name: string;
  readonly readAt: Date;
  readonly previousReadAt: Date | null;
  /** Undefined, when it does not run. */
  readonly current?: CgroupStatistics;
  readonly previous?: CgroupStatistics;
  /** Nanoseconds of all CPUs of the machine, at each reading. */
  readonly systemCpuNanos: number;
  readonly previousSystemCpuNanos: number;
  readonly onlineCpus: number;
  readonly networks: Readonly<Record<string, InterfaceCounters>>;
}

export interface InterfaceCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly processes: ReadonlyArray<readonly string[]>;
}

export interface FilesystemChange {
  readonly path: string;
  readonly kind: 'modified' | 'added' | 'deleted';
}

/** X-Docker-Container-Path-Stat. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's fs.FileMode bits. */
  readonly mode: number;
  readonly modifiedAt: Date;
  /** RFC 3339 with nanoseconds, as Go prints it: for the wire. */
  readonly modifiedText: string;
  readonly linkTarget: string;
}

export interface WriteArchiveRequest {
  readonly path: string;
  readonly noOverwriteDirNonDir: boolean;
  readonly copyUidGid: boolean;
}

export interface ListImagesRequest {
  readonly all: boolean;
  readonly filters: Filters;
  readonly sharedSize: boolean;
}

export interface ImageSummary {
  readonly image: Image;
  /** Number of containers; -1 when not counted. */
  readonly containers: number;
  /** Bytes shared with other images; -1 when not counted. */
  readonly sharedSize: number;
}

export interface EngineInfo {
  readonly containers: number;
  readonly running: number;
  readonly paused: number;
  readonly stopped: number;
  readonly images: number;
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly goroutines: number;
  readonly fileDescriptors: number;
  readonly eventListeners: number;
  readonly warnings: readonly string[];
}

export interface DiskUsage {
  /** Bytes of all layers, each once. */
  readonly layersSize: number;
  readonly images: readonly ImageSummary[];
  readonly containers: readonly ContainerSummary[];
  readonly volumes: ReadonlyArray<{ readonly volume: Volume; readonly size: number; readonly references: number }>;
}
