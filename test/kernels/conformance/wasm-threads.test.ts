/** The threaded wasm backend in the suite, with more threads than most test machines have cores. */

import { threaded, up } from "../wasm/threads/started.ts";
import { conformance } from "./suite.ts";

conformance("wasm, 3 threads", () => up(threaded(3)), { exp: 2 ** -23, activation: 5 * 2 ** -23 });
