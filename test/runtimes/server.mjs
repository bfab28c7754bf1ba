// node server.mjs MODEL EXPECTED [THREADS]: Node, Deno and Bun on a model folder. Prints one line of JSON.
import { readFileSync } from "node:fs";
import { SentenceEncoder } from "hummingbert";
import { embed } from "./embed.mjs";

const [model, expected, threads = "auto"] = process.argv.slice(2);
const options = { threads: threads === "auto" ? threads : Number(threads) };
console.log(JSON.stringify(await embed(SentenceEncoder, model, JSON.parse(readFileSync(expected, "utf8")), options)));
