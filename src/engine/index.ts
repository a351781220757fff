export type * from './contract.ts';
export type * from './ports.ts';
export type * from './requests.ts';
export type * from './use-cases.ts';
export type { Clock } from './clock.ts';
export { systemClock } from './clock.ts';
export { builtInDefaults, type EngineDefaults } from './defaults.ts';
export { readHostFacts, type HostFacts } from './host-facts.ts';
export type { House } from './house.ts';
export { openDatabase } from './open-database.ts';
export { openHouse, type HouseOptions } from './open-house.ts';
export { isRunning } from './records.ts';

export { createContainer } from './create-container.ts';
export { inspectContainer } from './inspect-container.ts';
export { killContainer } from './kill-container.ts';
export { listContainers } from './list-containers.ts';
export { pauseContainer, unpauseContainer } from './pause-container.ts';
export { removeContainer } from './remove-container.ts';
export { renameContainer } from './rename-container.ts';
export { resizeContainer } from './resize-container.ts';
export { restartContainer } from './restart-container.ts';
export { startContainer } from './start-container.ts';
export { stopContainer } from './stop-container.ts';
export { updateContainer } from './update-container.ts';
export { waitContainer } from './wait-container.ts';
export { createVolume, inspectVolume, listVolumes, removeVolume } from './volumes.ts';

// engine-io's use cases are exported below, as use-cases.ts lists them.

export { attachContainer } from './attach.ts';
export { commitContainer } from './commit.ts';
export { containerChanges } from './changes.ts';
export { containerLogs } from './container-logs.ts';
export { containerStats } from './stats.ts';
export { containerTop } from './top.ts';
export { createExec, inspectExec, resizeExec, startExec } from './exec.ts';
export { diskUsage } from './disk-usage.ts';
export { engineInfo } from './info.ts';
export { exportContainer } from './export.ts';
export { bootstrapImage, type BootstrapImageRequest } from './bootstrap-image.ts';
export { importImage, inspectImage, imageHistory, loadImages, pruneImages, removeImage, saveImages, tagImage } from './image-store.ts';
export { listImages } from './image-list.ts';
export { pruneContainers } from './prune-containers.ts';
export { readArchive, statArchive, writeArchive } from './archive-container.ts';
export { subscribeEvents } from './subscribe-events.ts';
