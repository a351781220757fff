/**
 * Undo steps for work that must be taken back if a later step fails. Leaving the block runs them in reverse;
 * `keep()` hands the resources on. A failing undo goes to `report` and is not thrown: it would hide the first error.
 */
export class Scope implements AsyncDisposable {
  #undo: Array<() => Promise<void> | void> = [];
  readonly #report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Registers an undo. It must be idempotent and must not use the aborted signal of the work it undoes. */
  defer(undo: () => Promise<void> | void): void {
    this.#undo.push(undo);
  }

  /** Success: nothing is undone. */
  keep(): void {
    this.#undo = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.#undo.splice(0).toReversed()) {
      try {
        await undo();
      } catch (error) {
        this.#report(error);
      }
    }
  }
}
