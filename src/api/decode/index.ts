export { decodeCommitConfig, decodeExecCreate, decodeExecStart, decodeUpdate, decodeVolumeCreate } from './bodies.ts';
export { decodeCreate } from './create-body.ts';
export { parseJson } from './parse-json.ts';
export { containerConfigNames } from './container-config.ts';
export { hostConfigNames } from './host-config.ts';
export { decodeConnect, decodeDisconnect, decodeNetworkCreate } from './networks.ts';
