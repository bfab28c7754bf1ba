/** How a program ends whose output ends: a reader that is gone (`| head`) is a normal end, an output that cannot be written is a failure. Benches and scripts use it, too. */
import { explain } from "./explain.ts";
import { notice } from "./progress.ts";

/** From now on, for the whole process. @param program whose name stands before the sentence */
export function endWithOutput(program: string): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    notice(`${program}: the output cannot be written: ${explain(error)}`);
    process.exit(1);
  });
  process.stderr.on("error", () => {}); // nobody listens: the results go on
}
