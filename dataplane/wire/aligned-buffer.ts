/**
 * Memory whose address is a multiple of 4096, which `O_DIRECT` asks for. Node gives no say over where
 * a buffer lies, but WebAssembly memory always begins on a page.
 */
// The compiler knows no browser types here; this is all that is used of them.
declare const WebAssembly: {
  Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
};

const wasmPageBytes = 64 * 1024;
/** What `O_DIRECT` asks of memory, offsets and lengths, on devices of either sector size. */
export const directBytes = 4096;

const known = new WeakSet<ArrayBufferLike>();

export function alignedBuffer(lengthBytes: number): Buffer {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(lengthBytes / wasmPageBytes) });
  known.add(memory.buffer);
  return Buffer.from(memory.buffer, 0, lengthBytes);
}

/** Whether it lies in what `alignedBuffer` gave, at a place that `O_DIRECT` takes. */
export function isAligned(bytes: Buffer): boolean {
  return known.has(bytes.buffer) && bytes.byteOffset % directBytes === 0;
}
