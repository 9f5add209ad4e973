import { CliError, codeOf } from "../errors.js";

/**
 * The part of `@sessions-ops/embedded` that the CLI uses. That package need not be installed beside
 * this one.
 */
export interface EmbeddedPackage {
  openDeployment: (options: OpenOptions) => Promise<EmbeddedDeployment>;
}

export interface OpenOptions {
  dataDir: string;
  port: number;
  /** Port of the HTTP actions. @default the one after `port` */
  sitePort?: number;
  host: string;
  /** @default the one in the data directory, else a new one */
  adminKey?: string;
  /** Whether to hold all jobs until `startJobs`. */
  holdJobs: boolean;
  /** The time after which pushed code that keeps its thread ends the process. */
  endWhenStuckMs: number;
  /** Called with a line for each thing that the deployment does or fails at. */
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
    // The error is told by its name: its class is in the package that is loaded only here.
    if (error.name !== "EmbeddedError") throw error;
    throw new CliError("failure", error.message, { cause: error });
  }
}

/** Whether it is that package which is not there, and none that it depends on. */
function isMissing(error: Error): boolean {
  return (
    codeOf(error) === "ERR_MODULE_NOT_FOUND" &&
    error.message.includes("'@sessions-ops/embedded'")
  );
}
