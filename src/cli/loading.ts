/** LoadOptions from the common options, with the loading progress on standard error. */
import type { LoadOptions } from "../files/types.ts";
import { type Invocation, integerOption, stringOption } from "./command.ts";
import { ProgressLine } from "./progress.ts";

/** For commands that run a model: V8's experimental SIMD too (the process is ours), unless HUMMINGBERT_SIMD=standard. */
export async function engineOptions(invocation: Invocation): Promise<LoadOptions> {
  if (process.env.HUMMINGBERT_SIMD !== "standard") {
    const { enableExperimentalSimd } = await import("../kernels/wasm/experimental.ts");
    enableExperimentalSimd();
  }
  return loadOptions(invocation);
}

/** @param progress of a command that only downloads, which takes the line away at its end; where a load follows, that does */
export function loadOptions({ values, signal }: Invocation, progress = new ProgressLine(values.quiet === true)): LoadOptions {
  const device = stringOption(values, "device", ["auto", "wasm", "loops", "reference"]) as
    | "auto"
    | "wasm"
    | "loops"
    | "reference"
    | undefined;
  const dtype = stringOption(values, "dtype", ["auto", "f32", "w8"]) as "auto" | "f32" | "w8" | undefined;
  const threads = values.threads === "auto" ? "auto" : integerOption(values, "threads");
  return {
    ...(device ? { device } : {}),
    ...(dtype ? { dtype } : {}),
    ...(threads ? { threads } : {}),
    ...(values.offline ? { localFilesOnly: true } : {}),
    signal,
    onProgress({ phase, loaded, total, file }) {
      if (phase !== "download") return progress.clear();
      const share = total ? ` ${((100 * loaded) / total).toFixed(0)}%` : "";
      progress.note(`downloading ${file ?? ""}${share} (${(loaded / 1e6).toFixed(1)} MB)`);
      if (total === loaded) progress.clear();
    },
  };
}

export function modelOption({ values }: Invocation): string | undefined {
  return stringOption(values, "model");
}
