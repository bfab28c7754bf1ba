/** How a run ends: outputs that cannot be written, Ctrl-C while nothing comes, a Hub that gives headers only, the shells' completions. */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HubServer } from "../files/hub-server.ts";
import { fixture } from "../shared.ts";
import { program, runCli } from "./run-cli.ts";

const encoder = fixture("pipelines/encoder");

test.skipIf(!existsSync("/dev/full"))("an output that cannot be written is exit 1 and a sentence", async () => {
  const full = openSync("/dev/full", "w");
  const { status, stderr } = spawnSync(process.execPath, [await program(), "embed", "x", "--model", encoder], {
    stdio: ["ignore", full, "pipe"],
    encoding: "utf8",
  });
  closeSync(full);
  expect(status).toBe(1);
  expect(stderr).toBe("hummingbert: the output cannot be written: there is no space left on the disk; free some and run again (ENOSPC)\n");
});

test("Ctrl-C while standard input says nothing ends with 130", async () => {
  const child = spawn(process.execPath, [await program(), "tokenize", "--json"], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.write("first\n"); // and it stays open
  const code = new Promise((resolve) => child.on("close", resolve));
  setTimeout(() => child.kill("SIGINT"), 700);
  expect(await code).toBe(130);
});

test("Ctrl-C while a model is downloaded ends with 130, and the cache has no half file under its name", async () => {
  const server = await HubServer.start();
  const cache = mkdtempSync(join(tmpdir(), "hummingbert-hub-"));
  try {
    server.repositories.set("someone/tiny", {
      commit: "0123456789abcdef0123456789abcdef01234567",
      files: new Map(
        ["config.json", "tokenizer.json", "model.safetensors"].map((name) => [name, new Uint8Array(readFileSync(join(encoder, name)))]),
      ),
    });
    server.faults.set("model.safetensors", [{ slow: 400 }]); // six pieces: more than two seconds
    const child = spawn(process.execPath, [await program(), "pull", "someone/tiny"], {
      env: { ...process.env, HF_ENDPOINT: server.endpoint, HF_HOME: cache },
    });
    const ended = new Promise((resolve) => child.on("close", resolve));
    while (!server.seen.some(({ origin }) => origin === "storage")) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    const names = readdirSync(cache, { recursive: true, encoding: "utf8" });
    expect(names.some((name) => name.endsWith("config.json"))).toBe(true);
    expect(names.some((name) => name.endsWith("model.safetensors"))).toBe(false);
  } finally {
    await server.stop();
    rmSync(cache, { recursive: true, force: true });
  }
});

describe("inspect", () => {
  test("of a model on the Hub reads headers only", async () => {
    const server = await HubServer.start();
    const cache = mkdtempSync(join(tmpdir(), "hummingbert-hub-"));
    try {
      const weights = new Uint8Array(readFileSync(join(encoder, "model.safetensors")));
      const files = ["config.json", "tokenizer.json"].filter((name) => existsSync(join(encoder, name)));
      server.repositories.set("someone/tiny", {
        commit: "0123456789abcdef0123456789abcdef01234567",
        files: new Map([
          ...files.map((name): [string, Uint8Array] => [name, new Uint8Array(readFileSync(join(encoder, name)))]),
          ["model.safetensors", weights],
        ]),
      });
      const { code, objects, stderr } = await runCli(["inspect", "someone/tiny", "--json"], {
        env: { HF_ENDPOINT: server.endpoint, HF_HOME: cache },
      });
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(objects[0]!.parameters).toBeGreaterThan(1000);
      const asked = server.seen.filter(({ origin, method }) => origin === "storage" && method === "GET").map(({ range }) => range);
      const lengths = asked.map((range) => {
        const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
        return Number(end) + 1 - Number(start); // NaN for a request of the whole file
      });
      expect(lengths).toEqual([65_536]); // the first range, whatever the size of the file
      expect(weights.length).toBeGreaterThan(80_000);
      expect(existsSync(join(cache, "hub"))).toBe(false); // nothing is kept
    } finally {
      await server.stop();
      rmSync(cache, { recursive: true, force: true });
    }
  });
});

describe("completion", () => {
  const bash = spawnSync("bash", ["-c", "true"]).status === 0;
  const complete = async (words: string[]) => {
    const { stdout } = await runCli(["completion", "bash"]);
    const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _hummingbert; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim().split("\n");
  };

  test.skipIf(!bash)("bash completes commands and each command's own options", async () => {
    expect(await complete(["hummingbert", "se"])).toEqual(["search"]);
    expect(await complete(["hummingbert", "embed", "--tr"])).toEqual(["--truncate-dim"]);
    expect(await complete(["hummingbert", "search", "--re"])).toEqual(["--rebuild"]);
    expect(await complete(["hummingbert", "tokenize", "--re"])).toEqual([""]);
  });

  test("zsh and fish get a script that names every command; another shell is a usage error", async () => {
    for (const shell of ["zsh", "fish"]) {
      const { code, stdout } = await runCli(["completion", shell]);
      expect(code).toBe(0);
      for (const name of ["embed", "search", "inspect", "completion"]) expect(stdout).toContain(name);
    }
    expect((await runCli(["completion", "powershell"])).code).toBe(2);
  });
});
