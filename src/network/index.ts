export { networkNamespace, type NetworkNamespace } from './network-mode.ts';
