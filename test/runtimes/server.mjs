// node server.mjs MODEL EXPECTED [OPTIONS as JSON]: Node, Deno and Bun on a model folder. Prints one line of JSON.
import { readFileSync } from "node:fs";
import { SentenceEncoder } from "hummingbert";
import { embed } from "./embed.mjs";

const [model, expected, options = "{}"] = process.argv.slice(2);
console.log(JSON.stringify(await embed(SentenceEncoder, model, JSON.parse(readFileSync(expected, "utf8")), JSON.parse(options))));
