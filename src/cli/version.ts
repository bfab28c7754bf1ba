/** The version in package.json of this package, looked for upwards from this file: sources and bundles lie at different depths. */
import { readFileSync } from "node:fs";

export function packageVersion(): string {
  for (let folder = new URL(".", import.meta.url); ; folder = new URL("..", folder)) {
    const { name, version } = readPackage(new URL("package.json", folder));
    if (name === "hummingbert") return String(version);
    if (new URL("..", folder).href === folder.href) return "unknown"; // the root
  }
}

function readPackage(file: URL): { name?: unknown; version?: unknown } {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { name?: unknown; version?: unknown };
  } catch {
    return {};
  }
}
