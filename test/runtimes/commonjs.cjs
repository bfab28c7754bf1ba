// CommonJS: require() of the package, which Node allows from 20.19 and 22.12 on (no top-level await inside). Prints one line of JSON.
const { readFileSync } = require("node:fs");
const { SentenceEncoder } = require("hummingbert");
const { embed } = require("./embed.mjs");

const [model, expected] = process.argv.slice(2);
embed(SentenceEncoder, model, JSON.parse(readFileSync(expected, "utf8"))).then((result) => console.log(JSON.stringify(result)));
