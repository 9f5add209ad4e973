/**
 * The measured process: an embedded deployment and nothing else, from the built package as users run
 * it, so that its memory and time are its own and no TypeScript loader's.
 */
import process from "node:process";
import { openDeployment } from "@sessions-ops/embedded";

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error("usage: server.mjs DATA_DIR");

const deployment = await openDeployment({ dataDir, port: 0 });
let mutations = 0;
deployment.onCompletion((event) => {
  if (event.udfType === "Mutation" && event.ok) mutations += 1;
});

process.on("message", (message) => {
  if (message === "stats") {
    const maxRssBytes = process.resourceUsage().maxRSS * 1_024;
    process.send?.({ mutations, maxRssBytes });
  } else {
    void deployment.close().then(() => process.exit(0));
  }
});
// Whoever measured is gone, perhaps by an error of its own.
process.on("disconnect", () => process.exit(1));
process.send?.({ url: deployment.url, adminKey: deployment.adminKey });
