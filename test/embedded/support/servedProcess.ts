/**
 * A deployment in a process that can be killed: `servedProcess.ts DATA_DIR [PORT [END_WHEN_STUCK_MS]]`.
 * Asked for its memory, it collects its garbage first (with `--expose-gc`).
 */
import { openDeployment } from "../../../embedded/index.js";
import type { FromServed, ToServed } from "./killable.js";

const tell = (message: FromServed) => process.send?.(message);

const endWhenStuckMs = process.argv[4];

const { url, adminKey } = await openDeployment({
  dataDir: process.argv[2] ?? "",
  port: Number(process.argv[3] ?? 0),
  ...(endWhenStuckMs === undefined
    ? {}
    : { endWhenStuckMs: Number(endWhenStuckMs) }),
  log: (line) => tell({ kind: "logged", line }),
});
process.on("disconnect", () => process.exit(1));
process.on("message", (message: ToServed) => {
  if (message !== "memory") return;
  globalThis.gc?.();
  tell({ kind: "memory", ...process.memoryUsage() });
});
tell({ kind: "serving", url, adminKey });
