/** Folders, memory and embedded weights; what a string means; names that try to leave. */

import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError, FormatError } from "../../src/errors.ts";
import { embeddedModel } from "../../src/files/embedded.ts";
import { isHubId, openModelFiles } from "../../src/files/open.ts";
import { openSafetensors, serializeSafetensors } from "../../src/safetensors/index.ts";

let root: string;
const here = process.cwd();
const data = Uint8Array.from({ length: 64 }, (_, i) => i + 1);
const checkpoint = serializeSafetensors(new Map([["x", { dtype: "U8" as const, shape: [64], data }]]));
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), "model-"));
  fs.mkdirSync(join(root, "org/name/1_Pooling"), { recursive: true });
  fs.writeFileSync(join(root, "org/name/config.json"), "{}");
  fs.writeFileSync(join(root, "org/name/1_Pooling/config.json"), "[]");
  fs.writeFileSync(join(root, "org/name/model.safetensors"), checkpoint);
  fs.writeFileSync(join(root, "org/name/model.safetensors.index.json"), '{"weight_map":{"x":"model.safetensors"}}');
  fs.writeFileSync(join(root, "org/name/pointer.bin"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n");
  fs.writeFileSync(join(root, "secret.txt"), "secret");
  fs.writeFileSync(join(root, "org/name/empty.txt"), "");
});
afterEach(() => {
  process.chdir(here);
  fs.rmSync(root, { recursive: true, force: true });
});
const model = () => join(root, "org/name");
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe("a folder", () => {
  it("by path, by file URL, and by a name that a Hub id could have", async () => {
    process.chdir(root);
    for (const source of [
      model(),
      `${model()}/`,
      "org/name",
      "./org/name",
      pathToFileURL(model()).href,
      `${pathToFileURL(model()).href}/`,
    ]) {
      const files = await openModelFiles(source, {});
      expect(text(await files.read("config.json"))).toBe("{}");
      expect(text(await files.subfolder("1_Pooling").read("config.json"))).toBe("[]");
      expect(await files.readIfPresent("modules.json")).toBeUndefined();
      expect(await files.readIfPresent("config.json/x")).toBeUndefined();
      expect(await files.readIfPresent("1_Pooling")).toBeUndefined();
      expect(await files.read("empty.txt")).toHaveLength(0);
    }
    const files = await openModelFiles(model(), { subfolder: "1_Pooling" });
    expect(text(await files.read("config.json"))).toBe("[]");
  });

  it("opens by ranges, with siblings", async () => {
    const files = await openModelFiles(model(), {});
    const source = await files.open("model.safetensors.index.json");
    const opened = await openSafetensors(source);
    expect(await opened.bytes("x")).toEqual(data);
    opened.close();
    await expect(opened.bytes("x")).rejects.toThrow(/was closed/);
    source.close?.();
  });

  it("a file that shrinks under a reader is a FormatError", async () => {
    const source = await (await openModelFiles(model(), {})).open("model.safetensors");
    fs.truncateSync(join(model(), "model.safetensors"), 10);
    await expect(source.read(0, checkpoint.length)).rejects.toThrow(FormatError);
    source.close?.();
  });

  it("says what is wrong", async () => {
    const files = await openModelFiles(model(), {});
    await expect(files.read("vocab.txt")).rejects.toThrow(/No file vocab.txt in .*org\/name; is this a model folder/);
    await expect(files.open("vocab.txt")).rejects.toThrow(ConfigError);
    await expect(files.read("pointer.bin")).rejects.toThrow(/pointer.bin of .* is a Git LFS pointer.*git lfs pull/);
    await expect(openModelFiles(join(model(), "config.json"), {})).rejects.toThrow(/is a file; expected the folder/);
    await expect(openModelFiles(pathToFileURL(join(root, "nothing")).href, {})).rejects.toThrow(/There is no folder file:/);
    await expect(openModelFiles("file://elsewhere/x", {})).rejects.toThrow(ConfigError);
  });

  it("stops at an abort", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(openModelFiles(model(), { signal })).rejects.toThrow("enough");
    const files = await openModelFiles(model(), {});
    for (const reading of [
      files.read("config.json", signal),
      files.readIfPresent("config.json", signal),
      files.open("config.json", signal),
    ]) {
      await expect(reading).rejects.toThrow("enough");
    }
  });
});

const leaving = ["../secret.txt", "a/../../../secret.txt", "/etc/passwd", "..", "..\\secret.txt", "C:\\x", "c:x", "a\0b", "a\nb"];
describe("names that leave the folder are refused", () => {
  it.each(leaving)("%j", async (name) => {
    const memory = new Map([["config.json", new Uint8Array(2)]]);
    for (const files of [await openModelFiles(model(), {}), await openModelFiles(memory, {})]) {
      await expect(files.read(name)).rejects.toThrow(ConfigError);
      await expect(files.readIfPresent(name)).rejects.toThrow(/expected a name inside it/);
      await expect(files.open(name)).rejects.toThrow(ConfigError);
      expect(() => files.subfolder(name)).toThrow(ConfigError);
    }
    await expect(openModelFiles(model(), { subfolder: name })).rejects.toThrow(ConfigError);
  });
});

describe("files in memory", () => {
  const files = new Map<string, Uint8Array | Blob>([
    ["my-model/config.json", new TextEncoder().encode("{}")],
    ["my-model/1_Pooling/config.json", new Blob(["[]"])],
    ["my-model/model.safetensors", new Blob([checkpoint as Uint8Array<ArrayBuffer>])],
    ["my-model/model.safetensors.index.json", new TextEncoder().encode('{"weight_map":{"x":"model.safetensors"}}')],
  ]);

  it("bytes and Blobs, with or without a leading folder", async () => {
    const bare = new Map([...files].map(([name, file]) => [name.slice("my-model/".length), file]));
    for (const source of [files, bare]) {
      const opened = await openModelFiles(source, {});
      expect(text(await opened.read("config.json"))).toBe("{}");
      expect(text(await opened.subfolder("1_Pooling").read("config.json"))).toBe("[]");
      expect(await opened.readIfPresent("modules.json")).toBeUndefined();
      for (const name of ["model.safetensors", "model.safetensors.index.json"]) {
        const checkpoint = await openSafetensors(await opened.open(name));
        expect(await checkpoint.bytes("x")).toEqual(data);
      }
    }
  });

  it("says what there is", async () => {
    const none = await openModelFiles(new Map(), {});
    await expect(none.read("config.json")).rejects.toThrow("No file config.json among the given files; there is none.");
    expect(() => none.subfolder(5 as never)).toThrow(/file of the given files: expected a string, found 5/);
    const opened = await openModelFiles(new Map([["config.json", new Uint8Array(2)]]), {});
    await expect(opened.read("tokenizer.json")).rejects.toThrow(/No file tokenizer.json among the given files; there is config.json/);
    await expect(opened.open("x")).rejects.toThrow(ConfigError);
    await expect(openModelFiles(new Map([["config.json", "{}"]]) as never, {})).rejects.toThrow(
      /config.json: expected a Uint8Array or a Blob, found "/,
    );
  });
});

describe("what a source is", () => {
  it.each(["./x", "../x", "/x", "x:\\y", "C:/x", ".\\x", "~/x", "a/b/c", "..", ".", "./"])("%j is never a Hub id", async (source) => {
    if (source === "." || source === ".." || source === "./") return void expect(isHubId(source)).toBe(false);
    await expect(openModelFiles(source, {})).rejects.toThrow(/There is no folder/);
  });
  it.each<[unknown]>([[""], [null], [42], [{}], [[]]])("%j is no model", async (source) => {
    await expect(openModelFiles(source as string, {})).rejects.toThrow(ConfigError);
  });
  it.each(["bert-base-uncased", "sentence-transformers/all-MiniLM-L6-v2", "a/b.c_d-1"])("%s is a Hub id", (id) =>
    expect(isHubId(id)).toBe(true),
  );
  it.each(["a b", "a/b c", "a//b", "-a/b", "a/b-", "a..b", "a--b", "ä/b", `a/${"b".repeat(97)}`])("%s is none", (id) =>
    expect(isHubId(id)).toBe(false),
  );
  it.each(["../x", "a b", "", ".."])("the revision %j is refused", async (revision) => {
    await expect(openModelFiles("org/name", { revision })).rejects.toThrow(/branch, tag or commit/);
  });
});

describe("the default", () => {
  it("is embedded, or on the Hub, or an error that says which", async () => {
    expect(embeddedModel("no-such-model")).toBeUndefined();
    expect((await openModelFiles(undefined, { defaultModel: "org/no-such-model" })).label).toBe("org/no-such-model");
    await expect(openModelFiles(undefined, { defaultModel: "no-such-model" })).rejects.toThrow(
      /comes with a clone of the repository \(weights\/no-such-model\)/,
    );
    await expect(openModelFiles(undefined, { defaultModel: "no-such-model", toTry: ["org/one", "org/two"] })).rejects.toThrow(
      /not with the package; give a model, for example org\/one or org\/two$/,
    );
    await expect(openModelFiles(undefined, {})).rejects.toThrow(
      "model: expected a Hub id, a folder, a URL or a Map of files, found nothing",
    );
  });
});
