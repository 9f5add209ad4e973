import { CliError, codeOf } from "../errors.js";

/** What is used of `@sessions-ops/embedded`, which need not be installed beside this package. */
export interface EmbeddedPackage {
  openDeployment: (options: OpenOptions) => Promise<EmbeddedDeployment>;
}

export interface OpenOptions {
  dataDir: string;
  port: number;
  /** Where HTTP actions are served. @default the one after `port` */
  sitePort?: number;
  host: string;
  /** Runs no job before `startJobs`. */
  holdJobs: boolean;
  /** Ends the process when pushed code has kept its thread for so long. */
  endWhenStuckMs: number;
  /** Hears what the deployment does and what it fails at, a line each. */
  log: (line: string) => void;
}

export interface EmbeddedDeployment {
  url: string;
  siteUrl: string;
  adminKey: string;
  dataDir: string;
  startJobs(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a deployment; a missing package, a taken port or data directory is an ordinary error. */
export async function openEmbedded(
  loading: Promise<EmbeddedPackage>,
  options: OpenOptions,
): Promise<EmbeddedDeployment> {
  try {
    const { openDeployment } = await loading;
    return await openDeployment(options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (isMissing(error)) {
      throw new CliError(
        "failure",
        "`serve` needs the package @sessions-ops/embedded, which is not installed. Install it with `npm install --save-dev @sessions-ops/embedded`.",
        { cause: error },
      );
    }
    // By name: its class is in the package that is loaded only here.
    if (error.name !== "EmbeddedError") throw error;
    throw new CliError("failure", error.message, { cause: error });
  }
}

function isMissing(error: Error): boolean {
  return (
    codeOf(error) === "ERR_MODULE_NOT_FOUND" &&
    error.message.includes("@sessions-ops/embedded")
  );
}
