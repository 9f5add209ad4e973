import type { Clock } from "./clock.js";
import type { Database } from "./database/database.js";
import type { Runtime } from "./functions/runtime.js";
import type { Scheduler } from "./scheduler/scheduler.js";
import type { AuthProvider } from "./server/auth/authProviders.js";
import type { LiveCode } from "./server/liveCode.js";

/** What `vitest/` opens a deployment with beside what everybody may. */
export interface PartOptions {
  /** Clock of connections and of requests that wait. @default the deployment's */
  readonly connectionClock?: Clock;
  /** Whether what is acknowledged outlives the machine, and not only the process. @default true */
  readonly fsync?: boolean;
  /** Issuers that are trusted before those of auth.config; read whenever a token comes. */
  readonly alsoTrusted?: readonly AuthProvider[];
}

/** What a deployment is made of. */
export interface DeploymentParts {
  readonly database: Database;
  readonly runtime: Runtime;
  readonly scheduler: Scheduler;
  readonly live: LiveCode;
  /**
   * Ends the deployment as the end of its process would: at once, with all connections, and without
   * what is not on disk yet. Resolves when its directory may be opened again.
   */
  crash(): Promise<void>;
}

const parts = new WeakMap<object, DeploymentParts>();

/** Remembers what an open deployment is made of. */
export function noteParts(deployment: object, made: DeploymentParts): void {
  parts.set(deployment, made);
}

/** What a deployment that `openDeployment` returned is made of. */
export function partsOf(deployment: object): DeploymentParts {
  const found = parts.get(deployment);
  if (found === undefined) throw new TypeError("This is no open deployment.");
  return found;
}
