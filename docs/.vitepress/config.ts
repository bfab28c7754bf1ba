/**
 * The documentation as a site: `npm --prefix docs install && npm --prefix docs run build`, then docs/.vitepress/dist.
 *
 * Pages link to source files beside them (../src/...), which works where the repository is browsed. The site has no source: with SOURCE_URL set (the address
 * of the repository's files, ending in /) such links go there, without it they are plain text.
 */
import { posix } from "node:path";
import { defineConfig } from "vitepress";

const sourceUrl = process.env.SOURCE_URL;
const task = (text: string, page: string) => ({ text, link: `/tasks/${page}` });

export default defineConfig({
  title: "hummingbert",
  description: "BERT-family language models in pure TypeScript, straight from safetensors",
  lang: "en",
  srcExclude: ["node_modules/**"],
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    sidebar: [
      {
        text: "Use it",
        items: [
          { text: "Getting started", link: "/getting-started" },
          task("Embeddings", "embeddings"),
          task("Search", "search"),
          task("Text classification", "text-classification"),
          task("Named entities", "token-classification"),
          task("Question answering", "question-answering"),
          task("Fill-mask", "fill-mask"),
          task("Zero-shot", "zero-shot"),
          task("Re-ranking", "re-ranking"),
          { text: "Models", link: "/models" },
          { text: "Runtimes", link: "/runtimes" },
          { text: "Troubleshooting", link: "/troubleshooting" },
        ],
      },
      {
        text: "Understand it",
        items: [
          { text: "The tour", link: "/tour" },
          { text: "Architecture", link: "/architecture" },
          { text: "Write a kernel", link: "/write-a-kernel" },
          { text: "Performance", link: "/performance" },
          { text: "The papers' speed-ups", link: "/papers" },
        ],
      },
      {
        text: "API",
        items: [
          { text: "hummingbert", link: "/api/index/" },
          { text: "hummingbert/slim", link: "/api/slim/" },
          { text: "hummingbert/webgpu", link: "/api/kernels/webgpu/" },
          { text: "hummingbert/gpujs", link: "/api/kernels/gpujs/" },
        ],
      },
    ],
  },
  markdown: {
    config(markdown) {
      markdown.core.ruler.push("source links", ({ env, tokens }) => {
        const page: string = env.relativePath ?? "";
        const isInside = (path: string) => !path.startsWith("../") && !/^examples(\/|$)/.test(path);
        for (const { children } of tokens) {
          let isPlain = false;
          for (const token of children ?? []) {
            if (token.type === "link_close" && isPlain) {
              token.tag = "span";
              isPlain = false;
            }
            const href = token.type === "link_open" ? token.attrGet("href") : null;
            if (href === null || /^([a-z]+:|#|\/)/.test(href)) continue;
            const path = posix.normalize(posix.join(posix.dirname(page), href));
            if (isInside(path)) continue;
            if (sourceUrl === undefined) {
              token.tag = "span";
              token.attrs = [["class", "source"]];
              isPlain = true;
            } else token.attrSet("href", sourceUrl + posix.join("docs", path));
          }
        }
      });
    },
  },
});
