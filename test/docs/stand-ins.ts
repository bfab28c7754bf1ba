/**
 * A Hub on this machine with a stand-in for every model that the documentation names: the embedded ones where their task fits, else tiny random
 * ones. What is quoted then runs as it stands, offline; the values are not those of the real models.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HubServer } from "../files/hub-server.ts";
import { root } from "./blocks.ts";

/** The folders whose files a model has: tiny weights and tokenizers lie apart. */
const STAND_INS: Readonly<Record<string, readonly string[]>> = {
  "sentence-transformers/all-MiniLM-L6-v2": ["weights/all-MiniLM-L6-v2"],
  "sentence-transformers/all-mpnet-base-v2": ["weights/all-MiniLM-L6-v2"],
  "intfloat/e5-small-v2": ["weights/all-MiniLM-L6-v2"],
  "cardiffnlp/twitter-roberta-base-sentiment-latest": ["weights/minilm-l6-sst2"],
  "cross-encoder/ms-marco-MiniLM-L6-v2": ["test/fixtures/pipelines/encoder", "test/fixtures/tiny/bert-seqcls-1-reranker"],
  "distilbert/distilbert-base-uncased": ["test/fixtures/tiny/distilbert-mlm", "test/fixtures/pipelines/distilbert-mlm"],
  "google-bert/bert-base-uncased": ["test/fixtures/tiny/distilbert-mlm", "test/fixtures/pipelines/distilbert-mlm"],
  "MoritzLaurer/deberta-v3-base-zeroshot-v2.0": ["test/fixtures/pipelines/bert-seqcls-nli"],
};

export interface StandInHub {
  /** Environment of a program that is to use this Hub, with a cache of its own. */
  readonly environment: Readonly<Record<string, string>>;
  /** The address of a file of the default model, for what loads from a URL. */
  urlOf(file: string): string;
  stop(): Promise<void>;
}

export async function startStandIns(): Promise<StandInHub> {
  const server = await HubServer.start();
  for (const [id, folders] of Object.entries(STAND_INS)) {
    server.add(id, Object.assign({}, ...folders.map((folder) => filesBelow(join(root, folder)))));
  }
  const cache = mkdtempSync(join(tmpdir(), "hummingbert-docs-"));
  return {
    environment: { HF_ENDPOINT: server.endpoint, HF_HOME: cache },
    urlOf: (file) => `${server.endpoint}/sentence-transformers/all-MiniLM-L6-v2/resolve/main/${file}`,
    async stop() {
      await server.stop();
      rmSync(cache, { recursive: true, force: true });
    },
  };
}

function filesBelow(folder: string): Record<string, Uint8Array> {
  if (!existsSync(folder)) throw new Error(`${folder} does not exist`);
  const names = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
}
