/** A deployment in a process that can be killed: `servedProcess.ts DATA_DIR`. */
import { openDeployment } from "../../../embedded/index.js";

const deployment = await openDeployment({
  dataDir: process.argv[2] ?? "",
  port: 0,
});
process.on("disconnect", () => process.exit(1));
process.send?.({ url: deployment.url, adminKey: deployment.adminKey });
