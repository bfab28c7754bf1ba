// `npm install` in a clone builds, so that `npx hummingbert` works there. Without the development packages (--omit=dev) there is nothing to build with.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

if (["tsx", "typescript", "rolldown"].every((name) => existsSync(new URL(`../node_modules/${name}`, import.meta.url)))) {
  execFileSync(process.execPath, ["--import", "tsx", "scripts/build.ts"], { cwd: new URL("..", import.meta.url), stdio: "inherit" });
} else {
  console.log("hummingbert: dist/ is not built, because the development packages are not installed");
}
