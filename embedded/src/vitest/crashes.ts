import {
  getFunctionAddress,
  type FunctionReference,
  type FunctionVisibility,
} from "convex/server";
import { ENGINE } from "../database/commits/conflict.js";
import type { Commit } from "../database/types.js";
import { displayName } from "../functions/functionPath.js";
import type { DeploymentParts } from "../parts.js";

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

  /** @param crash called in the moment of the commit, or of its being on disk */
  add(
    { runtime }: DeploymentParts,
    { at, of, skip = 0 }: CrashOptions & { at: CrashPoint },
    crash: () => void,
  ): void {
    const name =
      of === undefined || typeof of === "string"
        ? of
        : displayName(runtime.deployment.resolve("", getFunctionAddress(of)));
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
