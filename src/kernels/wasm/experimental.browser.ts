/** What bundlers for browsers take for experimental.ts (package.json, "browser"): a page cannot set V8's flags. The answer of experimental.ts outside Node. */
import { type EngineInfo, engineInfo } from "./features.ts";

export function enableExperimentalSimd(): EngineInfo {
  return engineInfo();
}
