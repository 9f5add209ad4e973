/**
 * `npm run example`: the tracked web app in `example/`, on an embedded deployment in this process.
 * Its data stays in `example/.sessions-ops`; the CLI, run in `example/`, finds the deployment.
 */
import { join } from "node:path";
import { openDeployment } from "@sessions-ops/embedded";
import { Command } from "commander";
import { createServer } from "vite";
import { processContext } from "../cli/context.js";
import {
  removeRunningDeployment,
  writeRunningDeployment,
} from "../cli/deployment/target/runningDeployment.js";
import { devSignIn, DevSigner } from "../example/devSignIn.js";
import { deployExample, EXAMPLE, seedExample } from "./exampleApp.js";

const { port, pagePort, empty } = new Command("example")
  .description("run the example app on an embedded deployment")
  .option("--port <port>", "where the deployment listens", Number, 3210)
  .option("--page-port <port>", "where the page is", Number, 5173)
  .option("--empty", "without made-up sessions of the last two weeks")
  .parse()
  .opts<{ port: number; pagePort: number; empty?: boolean }>();

// Convex runs functions in UTC; local methods of Date follow the process.
process.env["TZ"] = "UTC";
const interrupted = new Promise<void>((resolve) => {
  processContext().onInterrupt(resolve);
});

const dataDir = join(EXAMPLE, ".sessions-ops/data");
say(`Opening the deployment in ${dataDir} and deploying example/convex …`);
const deployment = await openDeployment({ dataDir, port });
try {
  const signer = await DevSigner.create();
  await deployExample(deployment, signer);
  if (!empty) {
    const created = await seedExample(deployment);
    if (created > 0) say(`Made up ${created} sessions of the last two weeks.`);
  }
  const { url } = deployment;
  const adminKeyFile = join(dataDir, "admin-key");
  writeRunningDeployment(EXAMPLE, {
    url,
    dataDir,
    adminKeyFile,
    pid: process.pid,
  });
  const server = await createServer({
    root: EXAMPLE,
    server: { host: "127.0.0.1", port: pagePort },
    define: { "import.meta.env.VITE_CONVEX_URL": JSON.stringify(url) },
    plugins: [devSignIn(signer)],
  });
  try {
    await server.listen();
    say(`The example is at ${server.resolvedUrls?.local[0]}`);
    say("Ctrl-C stops it. `npx sessions-ops status` in example/ operates it.");
    await interrupted;
  } finally {
    await server.close();
  }
} finally {
  removeRunningDeployment(EXAMPLE, process.pid);
  await deployment.close();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
