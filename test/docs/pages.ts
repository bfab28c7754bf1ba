/** The pages of the documentation, as paths from the root; the generated API reference is not among them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./blocks.ts";

export const pages: readonly string[] = [
  "README.md",
  "weights/README.md",
  ...(readdirSync(join(root, "docs"), { recursive: true }) as string[])
    .filter((name) => name.endsWith(".md") && !/node_modules|^api\/|^\.vitepress/.test(name))
    .map((name) => `docs/${name}`)
    .sort(),
];
