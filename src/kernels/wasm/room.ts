/**
 * A linear layer whose bytes are read straight to where pack.ts packs them: the end of the place that their panels will take.
 *
 * Whoever reads the file so touches the pages first: where that is another thread (files/aside.ts), what takes longer than packing itself is done while this
 * thread parses the tokenizer.
 */
import { BYTES_PER_VALUE } from "../../tensor/weight-rows.ts";
import type { LinearRoom, WeightMatrix } from "../../tensor/weights.ts";
import type { WasmMemory } from "./memory.ts";
import { type PackedLinear, packedSize } from "./pack.ts";

type Unread = Omit<WeightMatrix, "bytes" | "scale">;

/** undefined for rows that take more bytes than their panels (F64). */
export function reserveRoom(
  memory: WasmMemory,
  weights: readonly Unread[],
  pack: (weights: readonly WeightMatrix[], panels: number, bias: Float32Array | undefined) => PackedLinear,
): LinearRoom | undefined {
  if (weights.some(({ dtype }) => dtype === "F64")) return undefined;
  const lengths = weights.map(({ dtype, rows, cols }) => rows * cols * BYTES_PER_VALUE[dtype]);
  const { byteCount } = packedSize(weights);
  const panels = memory.reserve(byteCount);
  let at = panels + byteCount - lengths.reduce((sum, length) => sum + length, 0);
  const places = lengths.map((length) => {
    at += length;
    return { at: at - length, length };
  });
  const views = () => places.map((place) => new Uint8Array(memory.memory.buffer, place.at, place.length));
  return {
    bytes: views(),
    pack(scales, bias) {
      const bytes = views(); // memory that has grown since has another buffer, by which pack.ts knows that they are there
      return pack(
        weights.map((weight, i) => ({ ...weight, bytes: bytes[i]!, ...(scales[i] && { scale: scales[i] }) })),
        panels,
        bias,
      );
    },
  };
}
