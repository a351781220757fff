/** The numbers of a cpuset list such as `0-2,7`; '' is none, undefined is no list. cpuset(7), "List format". */
export function parseCpuSet(text: string): readonly number[] | undefined {
  const numbers: number[] = [];
  if (text === '') return numbers;
  for (const part of text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    if (last < first) return undefined;
    for (let each = first; each <= last; each += 1) numbers.push(each);
  }
  return numbers;
}
