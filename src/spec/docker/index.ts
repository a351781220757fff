export type * from './container-config.ts';
export type * from './host-config.ts';
