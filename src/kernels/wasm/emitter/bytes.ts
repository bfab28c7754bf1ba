/**
 * One growing byte buffer with the integer and float encodings of the WebAssembly binary format.
 * Source: WebAssembly core specification, section 5.2 (LEB128 integers, little-endian IEEE 754 floats, names).
 * Nothing here knows what an instruction is. Fields are `private` instead of `#private` in this room: emitting runs once, cold, where V8's private names cost twice the time.
 */

import { resized } from "../../../numbers/resized.ts";

const float = new DataView(new ArrayBuffer(8));

export class Bytes {
  private buffer: Uint8Array<ArrayBuffer>;
  private used = 0;

  constructor(capacity = 1 << 12) {
    this.buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.used;
  }

  clear(): void {
    this.used = 0;
  }

  /** The bytes written so far; valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.used);
  }

  u8(value: number): void {
    if (this.used === this.buffer.length) this.grow(1);
    this.buffer[this.used++] = value;
  }

  /** Unsigned LEB128, for 0 <= value < 2^32. */
  u32(value: number): void {
    if (value >= 0 && value < 0x80 && this.used < this.buffer.length) {
      this.buffer[this.used++] = value; // nearly always
      return;
    }
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }

  /** Signed LEB128 of a 32-bit integer. */
  s32(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.u8(rest & 0x7f);
  }

  f32(value: number): void {
    float.setFloat32(0, value, true);
    for (let i = 0; i < 4; i++) this.u8(float.getUint8(i));
  }

  f64(value: number): void {
    float.setFloat64(0, value, true);
    for (let i = 0; i < 8; i++) this.u8(float.getUint8(i));
  }

  /** A name: byte length, then ASCII. */
  name(text: string): void {
    this.u32(text.length);
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
  }

  append(bytes: Uint8Array): void {
    if (this.used + bytes.length > this.buffer.length) this.grow(bytes.length);
    this.buffer.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** A section or body: its byte length, then its bytes. */
  sized(content: Bytes): void {
    this.u32(content.length);
    this.append(content.view());
  }

  private grow(needed: number): void {
    this.buffer = resized(this.buffer, Math.max(this.buffer.length * 2, this.used + needed));
  }
}
