/**
 * Lets at most `width` pieces of work be under way, the others in their order. Each that waited begins in a turn of the event loop of its own, so that
 * a storm of starts, whose beginnings make system calls at once, does not hold up everything else.
 */
export class Turnstile {
  readonly #width: number;
  readonly #waiting: Array<() => void> = [];
  #busy = 0;

  constructor(width: number) {
    this.#width = width;
  }

  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#busy < this.#width) this.#busy++;
    else await new Promise<void>((begin) => this.#waiting.push(begin));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy--;
      else setImmediate(next);
    }
  }
}
