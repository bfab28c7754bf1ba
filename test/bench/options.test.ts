/** What `npm run bench` accepts, and the operations that it has. */
import { expect, test } from "vitest";
import { jobsOf } from "../../bench/ops.ts";
import { readOptions } from "../../bench/options.ts";
import { MODELS } from "../../bench/shapes.ts";

test("filters, and the file after --json", () => {
  const options = readOptions(["linear", "--backend", "wasm", "--shape", "minilm,tinybert", "--tokens", "8", "--json", "a.json"]);
  expect(options).toMatchObject({ names: ["linear"], backends: ["wasm"], shapes: ["minilm", "tinybert"], tokens: [8], jsonFile: "a.json" });
  expect(readOptions(["softmax", "--json"])).toMatchObject({ names: ["softmax"], json: true });
});

test.each([
  [["--backend", "foo"], /unknown backend foo; expected some of reference, loops, wasm/],
  [["--shape", "foo"], /unknown shape foo; expected some of minilm/],
  [["--tokens", "abc"], /--tokens: found "abc"; expected a whole number from 1/],
  [["--tokens", "0"], /whole number from 1/],
  [["--rounds", "0"], /--rounds: found "0"/],
  [["--rounds", "x"], /whole number from 1/],
  [["--nonsense"], /nonsense/],
  [["--compare", "a.json"], /two files/],
  [["--compare", "a.json", "b.json", "c.json"], /two files/],
])("refuses %s", (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});

test("every operation of the issue, linear layers with every epilogue in both dtypes", () => {
  const names = new Set(jobsOf(MODELS.minilm!, 8).map(({ name }) => name.split(" ")[0]));
  const epilogues = ["gelu", "gelu_tanh", "quick_gelu", "relu", "silu", "tanh", "sigmoid"];
  const linear = ["linear", "linear-w8", ...epilogues.flatMap((name) => [`linear-${name}`, `linear-w8-${name}`])];
  for (const name of [...linear, "matmul", "layer-norm", "softmax", "gelu", "attention", "gather", "pool-mean"])
    expect(names).toContain(name);
});
