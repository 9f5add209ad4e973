/**
 * A deployment in a process that can be killed: `servedProcess.ts DATA_DIR [PORT [OPTIONS]]`.
 * Asked for its memory, it collects its garbage first (with `--expose-gc`).
 */
import { openDeployment } from "../../../src/index.js";
import type { FromServed, ServedOptions, ToServed } from "./killable.js";

const tell = (message: FromServed) => process.send?.(message);

const options = JSON.parse(process.argv[4] ?? "{}") as ServedOptions;

const deployment = await openDeployment({
  dataDir: process.argv[2] ?? "",
  port: Number(process.argv[3] ?? 0),
  ...options,
  log: (line) => tell({ kind: "logged", line }),
});
const { url, adminKey } = deployment;
process.on("disconnect", () => process.exit(1));
process.on("message", (message: ToServed) => {
  switch (message) {
    case "memory":
      globalThis.gc?.();
      return tell({ kind: "memory", ...process.memoryUsage() });
    case "startJobs":
      return void deployment.startJobs();
    default: {
      // Work of the process itself, with no pushed code in it.
      const untilMs = Date.now() + message.busyMs;
      while (Date.now() < untilMs);
      return tell({ kind: "wasBusy" });
    }
  }
});
tell({ kind: "serving", url, adminKey });
