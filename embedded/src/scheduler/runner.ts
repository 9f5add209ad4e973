import type { JSONValue } from "convex/values";
import type { Transaction } from "../database/transactions/transaction.js";
import type { JobId } from "./jobs.js";

/** A call that the scheduler makes; it runs with no user's identity. */
export interface JobCall {
  readonly componentPath: string;
  readonly path: string;
  readonly args: JSONValue;
  readonly source: "scheduler" | "cron";
  /** The scheduled function this is; null for a cron. */
  readonly job: JobId | null;
}

/** What a mutation's transaction does beside running it. */
export interface JobHooks {
  /** Before it runs; false: do not run, commit nothing. */
  begin(tx: Transaction): boolean;
  /** In the commit of its success. */
  beforeCommit(tx: Transaction): void;
}

export type JobResult = { kind: "success" } | { kind: "failed"; error: string };

export type MutationResult =
  | { kind: "success"; durable: Promise<void> }
  | { kind: "failed"; error: string }
  /** `begin` said not to run. */
  | { kind: "skipped" };

/** Runs functions for the scheduler, which knows nothing about code. */
export interface JobRunner {
  /** Undefined: no such function, or one that cannot be scheduled. */
  typeOf(
    componentPath: string,
    path: string,
  ): "Mutation" | "Action" | undefined;
  /** A failure rolls everything back, the hooks' writes included. */
  runMutation(call: JobCall, hooks: JobHooks): Promise<MutationResult>;
  runAction(call: JobCall): Promise<JobResult>;
}
