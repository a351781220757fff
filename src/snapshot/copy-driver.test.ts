import { afterAll, describe } from 'bun:test';
import { openRootWorkers } from '../archive/index.ts';
import { copyDriver } from './copy-driver.ts';
import { snapshotSuite } from './suite.ts';

const workers = openRootWorkers();
afterAll(() => workers[Symbol.asyncDispose]());

describe('copy', () => snapshotSuite(() => Promise.resolve(copyDriver(workers))));
