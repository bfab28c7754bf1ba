// workerd through miniflare, as edge functions are deployed: one bundle with the model in it, and kernels as a module of their own, because workerd compiles no bytes.
// Run by Node 22 (miniflare needs it): node workerd.mjs MODEL EXPECTED [wasm]. Prints one line of JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

const [model, expected, kernels = "none"] = process.argv.slice(2);
const files = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
const imports = files.map((name, i) => `import file${i} from ${JSON.stringify(join(model, name))};`).join("\n");
// The documentation's own lines for edge functions.
const [, documented] = /^```js\n([\s\S]*?)^```/m.exec(readFileSync(new URL("../../docs/runtimes.md", import.meta.url), "utf8"));
const worker = `
  ${imports}
  ${kernels === "wasm" ? documented : 'import { SentenceEncoder } from "hummingbert";'}
  import { embed } from "./embed.mjs";
  import expected from ${JSON.stringify(expected)};
  const model = new Map([${files.map((name, i) => `["${name}", file${i}]`)}]);
  const encodedExpected = JSON.parse(new TextDecoder().decode(expected));
  export default { fetch: async () => Response.json(await embed(SentenceEncoder, model, encodedExpected)) };`;
const { outputFiles } = await build({
  stdin: { contents: worker, resolveDir: import.meta.dirname, loader: "js" },
  bundle: true,
  format: "esm",
  platform: "browser",
  conditions: ["workerd", "worker", "browser"],
  loader: { ".json": "binary", ".safetensors": "binary" },
  external: ["*.wasm"],
  write: false,
});
const modules = [{ type: "ESModule", path: "worker.mjs", contents: outputFiles[0].text }];
if (kernels === "wasm") {
  const file = createRequire(import.meta.url).resolve("hummingbert/wasm/wasm-simd-fma.wasm");
  modules.push({ type: "CompiledWasm", path: "hummingbert/wasm/wasm-simd-fma.wasm", contents: readFileSync(file) });
}
const miniflare = new Miniflare({ modules, compatibilityDate: "2026-01-01" });
try {
  const response = await miniflare.dispatchFetch("http://localhost/");
  const text = await response.text();
  if (!response.ok) throw new Error(text.slice(0, 2000));
  console.log(text);
} finally {
  await miniflare.dispose();
}
