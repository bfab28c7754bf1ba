/** What an installation weighs: the package and everything it depends on, as they lie in node_modules here; ours as `npm pack` would ship it. */
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface SizeRow {
  readonly label: string;
  readonly bytes: number;
  readonly packages: number;
}

/** A peer dependency is not in a package's own list. */
const PEERS = [
  ["onnxruntime-node"],
  ["onnxruntime-web"],
  ["@huggingface/transformers"],
  ["@tensorflow/tfjs-backend-wasm", "@tensorflow/tfjs-core"],
  ["@jax-js/jax"],
];

const modules = fileURLToPath(new URL("./node_modules", import.meta.url));

function treeBytes(path: string): number {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path)
    .filter((name) => name !== "node_modules") // packages of their own
    .reduce((sum, name) => sum + treeBytes(join(path, name)), 0);
}

/** Folders of a package and of its dependencies, found as Node finds them: beside the one that asks, then further up. */
function closure(name: string, from: string, found: Set<string>): Set<string> {
  for (let folder = from; folder.startsWith(modules); folder = join(folder, "..")) {
    const home = folder.endsWith("node_modules") ? join(folder, name) : join(folder, "node_modules", name);
    if (!existsSync(join(home, "package.json"))) continue;
    if (found.has(home)) return found;
    found.add(home);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) closure(dependency, home, found);
    break;
  }
  return found;
}

export function measureSizes(): SizeRow[] {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" }));
  const rows: SizeRow[] = [{ label: "hummingbert", bytes: packed.unpackedSize, packages: 1 }];
  for (const names of PEERS) {
    const folders = new Set<string>();
    for (const name of names) closure(name, modules, folders);
    if (folders.size === 0) continue;
    rows.push({ label: names[0]!, bytes: [...folders].reduce((sum, folder) => sum + treeBytes(folder), 0), packages: folders.size });
  }
  for (const { label, bytes, packages } of rows)
    console.log(`${label.padEnd(28)}${(bytes / 1e6).toFixed(1).padStart(8)} MB in ${packages} packages`);
  return rows;
}
