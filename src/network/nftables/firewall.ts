import { isEngineError } from '../../base/index.ts';
import { NetlinkSocket, type Libc, type NetlinkMessage } from '../../kernel/index.ts';
import { batchEdge, closingMessage, getGenerationMessage, getTableMessage, tableMessage } from './messages.ts';
import { portMessages, tableMessages, type RuledNetwork, type RuledPort } from './ruleset.ts';

const noEntry = 2;

/** All that belongs in a table. */
export interface WantedRules {
  readonly networks: readonly RuledNetwork[];
  readonly ports: readonly RuledPort[];
}

/** The one nf_tables table of an engine. Every change is one transaction; nobody else's table is touched. */
export class Firewall implements Disposable {
  readonly #libc: Libc;
  readonly #table: string;
  /** What ought to be in the table, asked when it has to be made whole. */
  readonly #wanted: () => WantedRules;
  #socket: NetlinkSocket | undefined;
  #present = false;
  #generation = -1;

  constructor(libc: Libc, table: string, wanted: () => WantedRules) {
    this.#libc = libc;
    this.#table = table;
    this.#wanted = wanted;
  }

  /** Makes the table as it ought to be. @throws {EngineError} Internal or Unavailable, where the kernel has no nf_tables. */
  rebuild(): void {
    const { networks, ports } = this.#wanted();
    this.#commit([...tableMessages(this.#table, networks, ports), closingMessage(this.#table)]);
    this.#present = true;
  }

  /** Adds published ports; `wanted` has them already. */
  publish(ports: readonly RuledPort[]): void {
    this.#change('newElement', ports);
  }

  /** Takes published ports back; `wanted` has them no more. */
  unpublish(ports: readonly RuledPort[]): void {
    if (this.#present) this.#change('deleteElement', ports);
  }

  /** Makes the table again when somebody has flushed the ruleset. @returns whether it did. Cheap when nothing has changed. */
  check(): boolean {
    if (!this.#present) return false;
    const generation = this.#readGeneration();
    if (generation === this.#generation) return false;
    this.#generation = generation;
    if (this.#exists()) return false;
    this.rebuild();
    return true;
  }

  /** Removes the table. Idempotent. */
  remove(): void {
    if (!this.#exists()) return;
    this.#commit([tableMessage('deleteTable', this.#table, true)]);
    this.#present = false;
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]();
  }

  #change(operation: 'newElement' | 'deleteElement', ports: readonly RuledPort[]): void {
    if (ports.length === 0) return;
    if (!this.#present) return this.rebuild();
    try {
      this.#commit([...portMessages(operation, this.#table, ports), closingMessage(this.#table)]);
    } catch (error) {
      // Somebody has flushed the ruleset, or part of it: all of it again.
      if (!isEngineError(error) || error.detail['errno'] !== noEntry) throw error;
      this.rebuild();
    }
  }

  // The last message asks for the answer.
  #commit(messages: readonly NetlinkMessage[]): void {
    this.#open().batch('set packet filter rules', batchEdge('begin'), messages, batchEdge('end'));
    this.#generation = this.#readGeneration();
  }

  #readGeneration(): number {
    const [reply] = this.#open().ask('read the packet filter', getGenerationMessage());
    const bytes = reply?.bytes;
    return bytes === undefined || bytes.length < 12 ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, false);
  }

  #exists(): boolean {
    try {
      return this.#open().ask('look the packet filter up', getTableMessage(this.#table)).length > 0;
    } catch (error) {
      if (isEngineError(error) && error.code === 'Internal') return false;
      throw error;
    }
  }

  #open(): NetlinkSocket {
    this.#socket ??= new NetlinkSocket(this.#libc, 'netfilter');
    return this.#socket;
  }
}
