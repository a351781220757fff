export { cleanEnvironment, ok, run, type CommandOptions, type Finished } from './command.ts';
export { dockerClient } from './docker-client.ts';
export { berthPath, startEngine, TestEngine, type EngineOptions } from './engine.ts';
export { busyboxTar, debianTar, importBusybox, importDebian } from './images.ts';
export { TerminalSession } from './terminal.ts';
export { eventually } from './eventually.ts';
export { TokenService } from './token-service.ts';
export { TestRegistry, type RegistryWishes } from './registry.ts';
