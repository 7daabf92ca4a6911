import fc from "fast-check";
import { expect, test } from "vitest";
import { isAligned } from "#dataplane/wire/aligned-buffer.ts";
import { maxDataBodyBytes } from "#dataplane/wire/frames.ts";
import { blockBytes } from "#dataplane/wire/geometry.ts";
import { RunBuffers } from "./run-buffers.ts";

const headBytes = 16;
const hashBytes = 16;

test("a body has the length it was asked for, whatever that is", () => {
  const buffers = new RunBuffers();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: maxDataBodyBytes }), (length) => {
      const body = buffers.take(length);
      expect(body?.length ?? length).toBe(length);
      if (body !== undefined) buffers.giveBack(body);
    }),
  );
  for (let less = 0; less < 600; less += 1) {
    const body = buffers.take(maxDataBodyBytes - less);
    expect(body?.length).toBe(maxDataBodyBytes - less);
    buffers.giveBack(body ?? Buffer.alloc(0));
  }
});

test("blocks that come as they are lie where O_DIRECT takes them from", () => {
  const buffers = new RunBuffers();
  for (const count of [8, 9, 15, 16]) {
    const body = buffers.take(headBytes + count * (hashBytes + blockBytes));
    const payload = body?.subarray(headBytes + count * hashBytes);
    expect(payload?.length).toBe(count * blockBytes);
    expect(isAligned(payload ?? Buffer.alloc(0)), `${count} blocks`).toBe(true);
  }
});

test("memory that was given back is used again, once", () => {
  const buffers = new RunBuffers();
  const first = buffers.take(maxDataBodyBytes);
  buffers.giveBack(first ?? Buffer.alloc(0));
  buffers.giveBack(first ?? Buffer.alloc(0));

  const second = buffers.take(maxDataBodyBytes);
  const third = buffers.take(maxDataBodyBytes);

  expect(second?.buffer).toBe(first?.buffer);
  expect(third?.buffer).not.toBe(first?.buffer);
});
