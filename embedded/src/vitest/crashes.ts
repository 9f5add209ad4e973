import {
  getFunctionAddress,
  type FunctionReference,
  type FunctionVisibility,
} from "convex/server";
import { ENGINE } from "../database/commits/conflict.js";
import type { Commit } from "../database/types.js";
import type { FunctionEntry } from "../functions/functionEntry.js";
import { displayName } from "../functions/functionPath.js";
import type { DeploymentParts } from "../parts.js";
import { checkCount, checkOption, invalidOption } from "./options.js";

/**
 * A moment in the life of a commit: before it is on disk, so that it is lost, or when it is on disk and nobody
 * has heard of it.
 */
export type CrashPoint = "beforeCommit" | "afterCommit";

/** When to crash, and what then. */
export interface CrashOptions {
  /** When to crash. @default at once */
  readonly at?: CrashPoint;
  /**
   * The mutation whose commit counts, however it is called: a reference, or its name as logs show it, such as
   * `workpool/complete:complete` for one of a component. @default any
   */
  readonly of?: FunctionReference<"mutation", FunctionVisibility> | string;
  /** How many such commits go by before. @default 0 */
  readonly skip?: number;
  /** Whether the deployment starts again on the same data, at the same address. @default true */
  readonly restart?: boolean;
}

/** Crashes that wait for their commit. */
export class CrashPoints {
  readonly #waiting: {
    readonly at: CrashPoint;
    readonly of: string | undefined;
    left: number;
    readonly crash: () => void;
  }[] = [];

  /**
   * @param crash called in the moment of the commit, or of its being on disk
   * @throws TestDeploymentError "invalidOption" for what would be waited for in vain
   */
  add(
    { runtime }: DeploymentParts,
    { at, of, skip = 0 }: CrashOptions & { at: CrashPoint },
    crash: () => void,
  ): void {
    checkOption("at", at, ["beforeCommit", "afterCommit"]);
    checkCount("skip", skip);
    const name = of === undefined ? of : nameOf(runtime.deployment, of);
    this.#waiting.push({ at, of: name, left: skip, crash });
  }

  /** Looks whether somebody waits for a commit. */
  saw({ writer, ts }: Commit, { database }: DeploymentParts): void {
    const point = this.#waiting.find(
      ({ of }) => writer !== ENGINE && (of === undefined || of === writer),
    );
    if (point === undefined) return;
    if (point.left > 0) {
      point.left -= 1;
      return;
    }
    this.#waiting.splice(this.#waiting.indexOf(point), 1);
    if (point.at === "beforeCommit") point.crash();
    // Nobody else waits for this commit yet, so nobody hears of it earlier.
    else void database.whenDurable(ts).then(point.crash, () => undefined);
  }
}

type Deployed = DeploymentParts["runtime"]["deployment"];

/** The name of a mutation as commits have it. */
function nameOf(
  deployment: Deployed,
  of: NonNullable<CrashOptions["of"]>,
): string {
  const entry =
    typeof of === "string"
      ? named(deployment, of)
      : deployment.resolve("", getFunctionAddress(of));
  if (entry?.udfType === "Mutation") return displayName(entry);
  const shown =
    typeof of === "string" ? JSON.stringify(of) : displayName(entry!);
  throw invalidOption(
    `\`of\` must name a mutation as logs show it, such as "messages:send", or "workpool/complete:complete" of a component; ${shown} is ${entry === undefined ? "no function of the app" : "none"}.`,
  );
}

/** The function with a name among those of all components; modules may have slashes in theirs as well. */
function named(deployment: Deployed, name: string): FunctionEntry | undefined {
  for (const path of deployment.componentPaths) {
    const prefix = path === "" ? "" : `${path}/`;
    if (!name.startsWith(prefix)) continue;
    const entry = deployment.find(path, name.slice(prefix.length));
    if (entry !== undefined) return entry;
  }
  return undefined;
}
