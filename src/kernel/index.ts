export { ChrootWorkers, type RootJob } from './chroot-worker.ts';
export { errno, FileCalls, fileTypes, openFlags, type FileStat, type PathBytes } from './file-calls.ts';
export { openInRoot, resolveFlags } from './openat2.ts';
export type { RootThread } from './root-thread.ts';
export { JobServer, type JobContext, type SinkJob, type WorkerJob } from './serve-jobs.ts';
export { getXattr, listXattrs, setXattr } from './xattr.ts';
export { Libc } from './libc.ts';
export { makePipe, readSome, setNonBlocking, setTerminalSize, writeSome, type Pipe } from './pipe.ts';
export { connectUnix, receiveWithDescriptors, sendWithDescriptors } from './socket.ts';
