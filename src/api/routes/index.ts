import type { Route } from '../router.ts';
import { archiveRoutes } from './archives.ts';
import { bootstrapRoutes } from './bootstrap.ts';
import { containerStreamRoutes } from './container-streams.ts';
import { containerRoutes } from './containers.ts';
import { execRoutes } from './execs.ts';
import { explainRoutes } from './explain.ts';
import { imageTransferRoutes } from './image-transfer.ts';
import { imageRoutes } from './images.ts';
import { networkRoutes } from './networks.ts';
import { registryRoutes } from './registries.ts';
import { systemRoutes } from './system.ts';
import { unavailableRoutes } from './unavailable.ts';
import { volumeRoutes } from './volumes.ts';

/** Every route of the API. */
export const routes: readonly Route[] = [
  ...systemRoutes,
  ...containerRoutes,
  ...containerStreamRoutes,
  ...execRoutes,
  ...explainRoutes,
  ...archiveRoutes,
  // Before the images' own: `/images/get` and `/images/create` are no names.
  ...bootstrapRoutes,
  ...registryRoutes,
  ...imageTransferRoutes,
  ...imageRoutes,
  ...volumeRoutes,
  ...networkRoutes,
  ...unavailableRoutes,
];
