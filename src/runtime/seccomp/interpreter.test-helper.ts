/** A classic BPF machine for tests: what the kernel does with a filter, and how many instructions it walks. */
export function runFilter(
  program: Uint8Array,
  call: { readonly number: number; readonly audit: number; readonly args: readonly bigint[] },
): { readonly action: number; readonly walked: number } {
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number, true);
  data.setUint32(4, call.audit, true);
  for (let index = 0; index < 6; index++) data.setBigUint64(16 + index * 8, call.args[index] ?? 0n, true);
  let accumulator = 0;
  let walked = 0;
  for (let at = 0; at < program.byteLength / 8; at++) {
    const operation = code.getUint16(at * 8, true);
    const jumpTrue = code.getUint8(at * 8 + 2);
    const jumpFalse = code.getUint8(at * 8 + 3);
    const k = code.getUint32(at * 8 + 4, true);
    walked++;
    if (operation === 0x06) return { action: k, walked };
    if (operation === 0x20) accumulator = data.getUint32(k, true);
    else if (operation === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (operation === 0x05) at += k;
    else if (operation === 0x15) at += accumulator === k ? jumpTrue : jumpFalse;
    else if (operation === 0x25) at += accumulator > k ? jumpTrue : jumpFalse;
    else if (operation === 0x35) at += accumulator >= k ? jumpTrue : jumpFalse;
    else throw new Error(`instruction ${at} has unknown code ${operation}`);
  }
  throw new Error('the filter ran off its end');
}
