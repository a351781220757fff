import { JobServer } from '../kernel/index.ts';
import { rootJobs } from './root-job-table.ts';

// The file a worker thread starts with. The executable embeds it as an entry point of its own (tools/build.sh).
declare const self: {
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
};

const server = new JobServer(rootJobs, (message, transfer) => self.postMessage(message, transfer));
self.addEventListener('message', (event) => server.receive(event.data));
