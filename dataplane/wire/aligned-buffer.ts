/**
 * Memory whose address is a multiple of 4096, which `O_DIRECT` asks for. Node gives no say over where
 * a buffer lies, but WebAssembly memory always begins on a page.
 */
// The compiler knows no browser types here; this is all that is used of them.
declare const WebAssembly: {
  Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
};

const wasmPageBytes = 64 * 1024;

export function alignedBuffer(lengthBytes: number): Buffer {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(lengthBytes / wasmPageBytes) });
  return Buffer.from(memory.buffer, 0, lengthBytes);
}
