/**
 * Waits until `look` returns something other than undefined or false, and returns it. For states of the kernel that tell nobody when they change
 * (`/proc`, cgroup files); what has an event is awaited by its event instead. @throws after `seconds` (default 30), with the last value.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 30,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`Waited ${seconds} s in vain: ${what}`);
    await Bun.sleep(20);
  }
}
