/** Programs from the sources as bundles for Node, for what starts many processes: a start takes a tenth of a second then, through tsx most of one. */
import { build } from "esbuild";

/** Writes NAME.mjs to `outdir` for each entry. Paths are relative to `root`. */
export async function bundleForNode(root: string, entryPoints: Readonly<Record<string, string>>, outdir: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
  });
}
