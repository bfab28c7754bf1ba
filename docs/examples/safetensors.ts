/** The smallest safetensors file, byte by byte, and what a broken one is told. */
import { parseSafetensors, serializeSafetensors } from "../../src/index.ts";

const data = new Uint8Array(new Float32Array([1, -2, 0.5]).buffer);
const file = serializeSafetensors(new Map([["bias", { dtype: "F32", shape: [3], data }]]));
const length = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
console.log(`${file.length} bytes = 8 + ${length} + ${data.length}`);
console.log(`header  ${new TextDecoder().decode(file.subarray(8, 8 + length)).trimEnd()}`);
const read = parseSafetensors(file);
console.log(`entry   ${JSON.stringify(read.tensors.get("bias"))}`);
console.log(`floats  ${[...(await read.floats("bias"))].join(", ")}`);

try {
  parseSafetensors(file.subarray(0, file.length - 1));
} catch (error) {
  console.log(`cut by one byte: ${(error as Error).message}`);
}
try {
  parseSafetensors(new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 90868376\n"));
} catch (error) {
  console.log(`not the file:    ${(error as Error).message}`);
}
