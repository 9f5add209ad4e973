/** The measured process: an embedded deployment and nothing else, so that its memory is its own. */
import { openDeployment } from "@sessions-ops/embedded";

/** What the process says of itself when asked. */
export interface ServerStats {
  /** Mutations committed, each its own transaction. */
  mutations: number;
  rssBytes: number;
  /** The most memory the process ever held. */
  maxRssBytes: number;
}

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error("usage: server.ts DATA_DIR");

const deployment = await openDeployment({ dataDir, port: 0 });
let mutations = 0;
deployment.onCompletion((event) => {
  if (event.udfType === "Mutation" && event.ok) mutations += 1;
});

process.on("message", (message) => {
  if (message === "stats") {
    const stats: ServerStats = {
      mutations,
      rssBytes: process.memoryUsage.rss(),
      maxRssBytes: process.resourceUsage().maxRSS * 1_024,
    };
    process.send?.(stats);
  } else {
    void deployment.close().then(() => process.exit(0));
  }
});
// Whoever measured is gone, perhaps by an error of its own.
process.on("disconnect", () => process.exit(1));
process.send?.({ url: deployment.url, adminKey: deployment.adminKey });
