export { compress, decompress, detectCompression, type Compression } from './compression.ts';
export { DockerIgnore } from './dockerignore.ts';
export { openRootWorkers, type RootWorkers } from './root-workers.ts';
export type {
  ApplyTarOptions,
  AppliedTar,
  PathStat,
  PathChange,
  UntarOptions,
  WhiteoutMode,
} from './root-jobs.ts';
export type { AdoptArgument } from './adopt-directories.ts';
export type { MountArgument } from './mount-job.ts';
export type { SparseExtent, TarEntryType, TarHeader, TarHeaderToWrite } from './tar-header.ts';
export { readTar, type TarEntry } from './read-tar.ts';
export { defaultTarLimits, TarParser, type TarLimits, type TarSink } from './tar-parser.ts';
export { encodeTarHeader, tarPadding, tarTrailer } from './tar-encode.ts';
export { writeTar, type TarEntryToWrite } from './write-tar.ts';
export type { DifferenceArgument } from './tree-difference.ts';
