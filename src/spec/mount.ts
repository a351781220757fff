/**
 * One mount(2) as plain data: what every snapshot and volume hands to the runtime. `options` are fstab words
 * (`ro`, `nosuid`, `rbind`, `lowerdir=…`). OCI runtime-spec v1.2.0, config.md#mounts, without a destination.
 */
export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}
