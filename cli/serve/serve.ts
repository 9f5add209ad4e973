import { isIPv4 } from "node:net";
import { join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { CliContext } from "../context.js";
import { deployApp, watchApp } from "./convexDeploy.js";
import { CliError } from "../errors.js";
import { openEmbedded, type EmbeddedPackage } from "./embedded.js";
import { HEAP_FLAG } from "./heap.js";
import { note, print, printJson } from "../terminal/output.js";
import {
  removeLeftDeployment,
  removeRunningDeployment,
  writeRunningDeployment,
} from "../deployment/target/runningDeployment.js";
import { AdminKey } from "../deployment/target/adminKey.js";
import { readAdminKey } from "../deployment/target/checked.js";
import type { ServeJson } from "../json/ready.js";
import { readVariables, setVariables } from "./variables.js";

export interface ServeOptions {
  readonly port: number;
  readonly sitePort?: number;
  readonly data: string;
  readonly host: string;
  readonly allowRemote?: boolean;
  readonly dev?: boolean;
  readonly envFrom?: string;
  readonly verbose?: boolean;
  /** A file with the key that the deployment is to have. */
  readonly adminKeyFile?: string;
  readonly json?: boolean;
}

/**
 * The time after which a function that loops without end, and takes Ctrl-C's handler with it, ends the
 * process. Functions that end take less.
 */
const END_WHEN_STUCK_MS = 60_000;

/** Runs an embedded deployment with the app of this folder until it is interrupted. */
export async function serve(
  context: CliContext,
  options: ServeOptions,
): Promise<void> {
  checkHost(options);
  const variables =
    options.envFrom === undefined
      ? null
      : readVariables(context, options.envFrom);
  const givenKey =
    options.adminKeyFile === undefined
      ? null
      : readAdminKey(resolve(context.cwd, options.adminKeyFile));
  // Convex runs functions in UTC; local methods of Date follow the process.
  process.env["TZ"] = "UTC";
  setFlagsFromString(HEAP_FLAG);
  removeLeftDeployment(context, process.pid);
  // Until the deployment is open Ctrl-C ends the process as any command: the data on disk stands a
  // crash.
  const deployment = await openEmbedded(loadEmbedded(), {
    dataDir: resolve(context.cwd, options.data),
    port: options.port,
    ...(options.sitePort === undefined ? {} : { sitePort: options.sitePort }),
    host: options.host,
    ...(givenKey === null ? {} : { adminKey: givenKey.reveal() }),
    // The code is deployed first: it may be there to mend the jobs that are due.
    holdJobs: true,
    endWhenStuckMs: END_WHEN_STUCK_MS,
    log: (line) => note(context, line),
  });
  const interrupted = nextInterrupt(context);
  try {
    const { url, siteUrl, dataDir } = deployment;
    const adminKeyFile = join(dataDir, "admin-key");
    const adminKey = new AdminKey(deployment.adminKey, adminKeyFile);
    const deploy = { url, adminKey, verbose: options.verbose ?? false };
    if (variables !== null) await setVariables(context, deploy, variables);
    note(context, `Embedded deployment at ${url}; deploying ${context.cwd} …`);
    await deployApp(context, deploy);
    await deployment.startJobs();
    const { pid } = process;
    writeRunningDeployment(context.cwd, { url, dataDir, adminKeyFile, pid });
    note(
      context,
      `Data in ${dataDir}, admin key in ${adminKeyFile}, HTTP actions at ${siteUrl}. Not the official backend: for development, tests and CI.`,
    );
    const ready = { ready: true, url, siteUrl, dataDir, adminKeyFile } as const;
    announceReady(context, options, ready);
    const watching = options.dev ? watchApp(context, deploy) : null;
    await Promise.race([interrupted, ...(watching ? [watching.ended] : [])]);
    note(context, "Stopping …");
    await watching?.stop();
  } finally {
    try {
      removeRunningDeployment(context.cwd, process.pid);
    } finally {
      await deployment.close();
    }
  }
  note(context, "Stopped; all that was acknowledged is on disk.");
}

function announceReady(
  context: CliContext,
  options: ServeOptions,
  ready: ServeJson,
): void {
  if (options.json) return printJson(context, ready);
  print(context, `sessions-ops is ready at ${ready.url}`);
}

/** Refuses an open host unless it was asked for: whoever reaches the port can talk to the deployment. */
function checkHost({ host, allowRemote }: ServeOptions): void {
  const isLoopback =
    host === "localhost" ||
    host === "::1" ||
    (isIPv4(host) && host.startsWith("127."));
  if (isLoopback || allowRemote) return;
  throw new CliError(
    "unconfirmed",
    `--host ${host} lets other machines reach the deployment. Pass --allow-remote as well if that is meant.`,
  );
}

/** Loads the package by a variable name, so that this one builds, and runs all else, without it. */
function loadEmbedded(): Promise<EmbeddedPackage> {
  const name = "@sessions-ops/embedded";
  return import(name) as Promise<EmbeddedPackage>;
}

function nextInterrupt(context: CliContext): Promise<void> {
  return new Promise((resolve) => {
    const stopListening = context.onInterrupt(() => {
      stopListening();
      resolve();
    });
  });
}
