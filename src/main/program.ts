import type { Program } from '../api/index.ts';
import packageFile from '../../package.json' with { type: 'json' };

/** What this program says of itself. Commit and time are set by the build (`--define`), where it knows them. */
export const program: Program = {
  version: packageFile.version,
  gitCommit: process.env['BERTH_BUILD_COMMIT'] ?? '',
  buildTime: process.env['BERTH_BUILD_TIME'] ?? '',
};
