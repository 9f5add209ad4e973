import type { JSONValue } from "convex/values";
import type { Transaction } from "../database/transactions/transaction.js";
import type { JobId } from "./jobs.js";

/** A call that the scheduler makes, without a user's identity. */
export interface JobCall {
  readonly componentPath: string;
  readonly path: string;
  readonly args: JSONValue;
  readonly source: "scheduler" | "cron";
  /** The scheduled function that the call runs; null for a cron. */
  readonly job: JobId | null;
}

/** Additional steps in a mutation's transaction. */
export interface JobHooks {
  /** Runs before the mutation; false: do not run it, commit nothing. */
  begin(tx: Transaction): boolean;
  /** Runs in the commit of the mutation's success. */
  beforeCommit(tx: Transaction, output: JobOutput): void;
}

/** What a function returned and logged. */
export interface JobOutput {
  readonly value: JSONValue;
  readonly logLines: readonly string[];
}

interface Failed {
  kind: "failed";
  error: string;
  logLines: readonly string[];
}

export type JobResult = { kind: "success"; output: JobOutput } | Failed;

export type MutationResult =
  | { kind: "success"; durable: Promise<void> }
  | Failed
  /** The hook `begin` said not to run. */
  | { kind: "skipped" };

/** Runs functions for the scheduler, which knows nothing about code. */
export interface JobRunner {
  /** The type of a function; undefined if it does not exist. */
  typeOf(
    componentPath: string,
    path: string,
  ): "Query" | "Mutation" | "Action" | undefined;
  /** Runs a mutation. A failure rolls everything back, the hooks' writes included. */
  runMutation(call: JobCall, hooks: JobHooks): Promise<MutationResult>;
  runAction(call: JobCall): Promise<JobResult>;
}
