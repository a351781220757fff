export { builtInNames } from './built-in.ts';
export type * from './contract.ts';
export { networkNamespace, type NetworkNamespace } from './network-mode.ts';
export { openNetworks, type NetworksOptions } from './open-networks.ts';
