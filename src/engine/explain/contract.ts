/**
 * What isolates one container, told for a reader and for programs: GET /berth/v1/containers/{id}/explain. Fields are only added within a version;
 * texts may change. For a container that does not run it is what its next start would give it: inodes, use and pid are null then.
 */
export interface ContainerExplanation {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  readonly status: string;
  /** On the host; null when it does not run. */
  readonly pid: number | null;
  /** What was given away on purpose, each with a sentence; empty for a container with Docker's defaults. */
  readonly givenAway: readonly string[];
  readonly namespaces: readonly NamespaceExplanation[];
  readonly cgroup: CgroupExplanation;
  readonly root: RootExplanation;
  readonly mounts: readonly MountExplanation[];
  readonly hidden: { readonly masked: readonly string[]; readonly readonly: readonly string[]; readonly protects: string };
  readonly capabilities: CapabilitiesExplanation;
  readonly seccomp: SeccompExplanation;
  readonly noNewPrivileges: { readonly on: boolean; readonly protects: string };
  readonly users: UsersExplanation;
  readonly rlimits: RlimitsExplanation;
  readonly network: { readonly mode: string; readonly protects: string };
}

export interface NamespaceExplanation {
  readonly type: string;
  /** Of its own, another container's, or the host's. */
  readonly kind: 'own' | 'joined' | 'host';
  readonly inode: number | null;
  readonly hostInode: number;
  readonly protects: string;
}

export interface CgroupExplanation {
  readonly version: 1 | 2;
  /** Controller → path in its hierarchy; v2 has one, named ''. Empty when it does not run. */
  readonly paths: Readonly<Record<string, string>>;
  readonly limits: ReadonlyArray<{
    readonly what: string;
    /** As set, '' for no limit. */
    readonly limit: string;
    /** Now; null when it does not run. */
    readonly use: string | null;
  }>;
  readonly protects: string;
}

export interface RootExplanation {
  readonly type: string;
  /** Read-only layers, the top one first. */
  readonly layers: readonly string[];
  /** Where its own changes go; null for a root without. */
  readonly changes: string | null;
  readonly readonly: boolean;
  readonly protects: string;
}

export interface MountExplanation {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  readonly why: string;
}

export interface CapabilitiesExplanation {
  readonly kept: readonly CapabilityExplanation[];
  readonly dropped: readonly CapabilityExplanation[];
  readonly protects: string;
}

export interface CapabilityExplanation {
  readonly name: string;
  readonly meaning: string;
}

export interface SeccompExplanation {
  readonly mode: 'filter' | 'unconfined';
  readonly allowed: number;
  readonly conditional: readonly string[];
  readonly refused: readonly string[];
  /** The refused ones that matter most, and why. */
  readonly notable: ReadonlyArray<{ readonly name: string; readonly why: string }>;
  readonly protects: string;
}

export interface UsersExplanation {
  /** Who the program runs as, as the container was told; '' is root. */
  readonly user: string;
  /** Lines of the user namespace's map; empty without one of its own. */
  readonly map: ReadonlyArray<{ readonly inside: number; readonly outside: number; readonly size: number }>;
  readonly protects: string;
}

export interface RlimitsExplanation {
  readonly set: ReadonlyArray<{ readonly name: string; readonly soft: number; readonly hard: number }>;
  readonly protects: string;
}
