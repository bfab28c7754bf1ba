/**
 * A layer's matrices, read from the file straight to where the backend packs them: no other copy of their bytes is made.
 * For files on a disk, which hand over bytes in the reader's own place, and backends that have such a place (Backend.room).
 */
import type { Linear, LinearRoom, WeightDType } from "../tensor/weights.ts";
import type { Found, LayerToRead, Store } from "./checkpoint.ts";
import { FLOAT_DTYPES, isQuantized } from "./w8-policy.ts";

/** undefined where a matrix is to be converted, or was asked for by onInt8, or the backend has no room of its own. */
export function readInPlace(store: Store, layer: LayerToRead): Promise<Linear> | undefined {
  const { backend, dtype, onInt8 } = store;
  const isTaken = (matrix: Found) =>
    isInt8(matrix) ? dtype !== "f32" && !onInt8 : FLOAT_DTYPES.has(matrix.entry.dtype) && !(dtype === "w8" && isQuantized(layer.role));
  if (!layer.matrices.every(isTaken)) return undefined;
  const shapes = layer.matrices.map(({ entry: { dtype, shape } }) => ({ dtype: dtype as WeightDType, rows: shape[0]!, cols: shape[1]! }));
  const room = backend.room(shapes);
  return room && fill(room, store, layer);
}

async function fill(room: LinearRoom, store: Store, { matrices, scalesOf, biases, isRead }: LayerToRead): Promise<Linear> {
  const [, scales, values] = await Promise.all([
    Promise.all(matrices.map(({ name }, i) => store.file.bytesInto!(name, room.bytes[i]!))),
    Promise.all(matrices.map((matrix) => (isInt8(matrix) ? scalesOf(matrix) : undefined))),
    biases(),
  ]);
  store.signal?.throwIfAborted();
  for (const matrix of matrices) isRead(matrix);
  if (matrices.some(isInt8)) store.hasInt8 = true;
  return room.pack(scales, values.length > 0 ? stacked(values) : undefined);
}

function isInt8({ entry }: Found): boolean {
  return entry.dtype === "I8";
}

function stacked(parts: readonly Float32Array[]): Float32Array {
  const N = parts[0]!.length;
  const all = new Float32Array(parts.length * N);
  for (const [i, part] of parts.entries()) all.set(part, i * N);
  return all;
}
