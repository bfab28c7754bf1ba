/** Typed arrays that grow. (ArrayBuffer's own transfer and resize are younger than Node 20.) */

type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** The elements of `array`, or the first `length` of them, in one of its kind that has room for `length`. */
export function resized<A extends Numbers>(array: A, length: number): A {
  const copy = new (array.constructor as new (length: number) => A)(length);
  copy.set(array.subarray(0, length));
  return copy;
}
