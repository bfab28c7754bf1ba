/**
 * What a backend is given at load time, and the opaque handles it gives back.
 *
 * A weight arrives as the file's own bytes with its dtype, so that each backend packs or uploads it in one step:
 * no f32 copy of a checkpoint ever exists beside the packed one.
 */

/** dtypes a weight may arrive in. I8 always comes with `scale`. */
export type WeightDType = "F64" | "F32" | "F16" | "BF16" | "I8";

/** A row-major matrix in the file's bytes. For a linear layer rows = N outputs and cols = K inputs, as PyTorch stores it. */
export interface WeightMatrix {
  readonly dtype: WeightDType;
  readonly rows: number;
  readonly cols: number;
  /** rows * cols values, little-endian, any alignment. The backend may keep a reference: it is never written. */
  readonly bytes: Uint8Array;
  /** I8 only: one scale per row; value = int8 * scale[row]. */
  readonly scale?: Float32Array;
}

/**
 * A linear layer's packed weight and bias: y = x Wᵀ + b with W [N, K]. Opaque: only the backend that made it can use it.
 * Several matrices given one after another act as one with their rows stacked (fused Q, K, V).
 */
export interface Linear {
  readonly N: number;
  readonly K: number;
  readonly dtype: "f32" | "w8";
}

/** A place in the backend's own memory for a linear layer whose bytes are still to be read: they are packed where they lie. */
export interface LinearRoom {
  /** Where each matrix's bytes go. */
  readonly bytes: readonly Uint8Array[];
  /** The layer, once the places are filled. @param scales for each matrix, where it is int8 */
  pack(scales: readonly (Float32Array | undefined)[], bias?: Float32Array): Linear;
}

/** An embedding table that stays in the file's bytes and dtype; rows are decoded on lookup. */
export interface Table {
  readonly rows: number;
  readonly cols: number;
}
