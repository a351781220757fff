/** Closes a switch over a union: the compiler proves it unreachable. @throws {TypeError} when it is reached after all. */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected value: ${JSON.stringify(value)}`);
}
