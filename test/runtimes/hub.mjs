// The Hub that test/files imitates, with the tiny encoder as a private model: org/encoder, whose weights lie in a storage of another origin.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export const ID = "org/encoder";

export async function startHub(model) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../files/hub-server.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
  });
  const { HubServer } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
  const hub = await HubServer.start();
  const files = readdirSync(model).map((name) => [name, new Uint8Array(readFileSync(join(model, name)))]);
  hub.add(ID, Object.fromEntries(files), { access: "private" });
  return hub;
}

/** What the Hub was asked for since the last call, and an error if the storage was given the token. */
export function requestsOf(hub) {
  if (hub.seen.some(({ origin, authorization }) => origin === "storage" && authorization !== undefined))
    throw new Error("the token went to another host");
  return hub.asked();
}
