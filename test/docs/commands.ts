/**
 * Shell commands that the documentation quotes, and how CI runs each: as it stands, or in a short form that does the same work on less.
 * A command that no row of WAYS knows fails the check, so whoever quotes a new one says here how it is run.
 */

/** Commands in the `sh` blocks of a page and in backticks of its text; `a && b` are two. */
export function commandsOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```sh.*\n([\s\S]*?)^```/gm)].flatMap(([, code]) => code!.split("\n"));
  const quoted = [...markdown.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`((?:npm|npx) [^`]+)`/g)].map(([, command]) => command!);
  return [...blocks, ...quoted]
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .flatMap((line) => line.split(" && "))
    .filter(Boolean);
}

export type Way =
  /** Shell code, run in the root of the repository; SCRATCH is an empty folder. */
  | { readonly run: string; readonly needsData?: boolean }
  /** A line of .ci/run does it. */
  | { readonly step: string }
  /** A page quotes what this script prints, so test/real/docs.test.ts runs it. */
  | { readonly prints: string }
  /** Why it cannot run in CI, or who else does the same. */
  | { readonly never: string };

type Row = readonly [pattern: RegExp, way: (command: string) => Way];

const asQuoted = (command: string): Way => ({ run: command });
const and =
  (more: string) =>
  (command: string): Way => ({ run: `${command} ${more}` });
/** Installs what a package of its own needs, unless a step of CI has done so. */
const within =
  (folder: string, more = "") =>
  (command: string): Way => ({
    run: `([ -d ${folder}/node_modules ] || npm --prefix ${folder} install --no-audit --no-fund) && ${command}${more}`,
  });
const instead =
  (run: string, needsData = false) =>
  (): Way => ({ run, needsData });
const step = (command: string): Way => ({ step: command });

/** The first row that matches counts. Where an option stands twice, the last counts. */
const WAYS: readonly Row[] = [
  [/^npm install$/, () => ({ step: "npm ci --no-audit --no-fund" })],
  [/^npm install hummingbert$/, () => ({ never: "the registry's package; test/package/tarball.test.ts installs and uses the packed one" })],
  [/^npm test$|^npm run (demo|check|build|size|test:runtimes|test:gpu)$|^npm --prefix docs run build$/, step],
  [/^npm --prefix docs install$/, () => ({ step: "npm --prefix docs install --no-audit --no-fund" })],

  [/^npm run validate$/, instead("npm run validate -- golden stages --device wasm --quick", true)],
  [/^npm run validate -- sts$/, instead("npm run validate -- sts --device wasm --quick", true)],
  [/^npm run validate -- sentences --device wasm$/, instead("npm run validate -- sentences --device wasm --quick", true)],
  [/^npm run evaluate$/, instead("npm run evaluate -- zero-shot")],
  [/^npm run quantize -- \S+ \S+$/, () => ({ run: "npm run quantize -- test/fixtures/pipelines/encoder $(mktemp -d -p $SCRATCH)" })],

  [/^npm run bench$/, and("-- --backend wasm --tokens 8 --rounds 1")],
  [/^npm run bench -- --compare /, (command) => ({ run: inScratch(command) })],
  [/^npm run bench -- /, (command) => ({ run: `${inScratch(command)} --tokens 8 --rounds 1` })],
  [/^npm --prefix test\/gpu run bench$/, within("test/gpu")],
  [/^npm --prefix test\/gpu run kernels -- /, within("test/gpu", " --tokens 8 --rounds 1")],
  [/^npx tsx bench\/gemm\.ts$/, asQuoted],
  [/^npx tsx bench\/(forward|speedup|threads)\.ts/, and("--tokens 8 --rounds 1")],

  [
    // Measuring takes ten minutes, and each part is a command of its own on the page; what is left is writing the page, which must be the committed one.
    /^npm run bench:peers -- --publish$/,
    instead("cp docs/performance.md $SCRATCH && npm run bench:peers -- --report && diff $SCRATCH/performance.md docs/performance.md"),
  ],
  [/^npm run bench:peers$/, and("-- --smoke")],
  [/^npm run bench:peers -- --smoke/, asQuoted], // every engine
  [/^npm run bench:peers -- --(cold|sizes)$/, and("--smoke")],
  [/^npm run bench:peers -- .*--engines /, and("--smoke")],
  [/^npm run bench:peers -- /, and("--smoke --engines hummingbert-w8")],

  [/^npx tsx docs\/examples\//, (command) => ({ prints: command.slice("npx tsx ".length) })],
  [/^npx tsx scripts\/figures\.ts$/, and("--out $SCRATCH/figures")],
  // `npm run check` runs the tests of these folders; what can go wrong here is that there are none.
  [/^npx vitest run test\//, (command) => ({ run: `${command.replace("run", "list --filesOnly")} | grep test.ts` })],

  [
    /^npx hummingbert pull MODEL$|^npx hummingbert inspect MODEL$/,
    (command) => ({ run: command.replace("MODEL", "intfloat/e5-small-v2") }),
  ],
  [/^npx hummingbert inspect FOLDER$/, (command) => ({ run: command.replace("FOLDER", "weights/minilm-l6-ner") })],
  [/^(cat lines\.txt \| )?npx hummingbert /, (command) => ({ run: inScratch(command) })],
];

/** A reader's own files, which the check makes. */
const FILES = /(?<= )(?:\.\/)?(notes|lines\.txt|reviews\.txt|documents\.txt|vectors\.jsonl|before\.json|after\.json)(?= |$)/g;

function inScratch(command: string): string {
  return command.replace(FILES, "$$SCRATCH/$1");
}

/** How CI runs a quoted command; undefined for one that no row knows. */
export function wayOf(command: string): Way | undefined {
  return WAYS.find(([pattern]) => pattern.test(command))?.[1](command);
}
