import type { Database } from "./database/database.js";
import type { Runtime } from "./functions/runtime.js";
import type { CompletionEvent } from "./functions/types.js";

/** Counts of a deployment since it was opened. */
export interface DeploymentStats {
  /** Transactions that changed something. */
  readonly commits: number;
  /** Queries that were their own execution. */
  readonly queries: number;
  /** Mutations that were their own execution. */
  readonly mutations: number;
  /** Actions, HTTP actions included. */
  readonly actions: number;
  /** Executions of any type that ended in an error. */
  readonly failures: number;
  /** Tries of mutations that lost to another commit and ran again; counted nowhere else. */
  readonly conflicts: number;
}

type Counts = { -readonly [K in keyof DeploymentStats]: number };

const COUNTED: Record<
  CompletionEvent["udfType"],
  "queries" | "mutations" | "actions"
> = {
  Query: "queries",
  Mutation: "mutations",
  Action: "actions",
  HttpAction: "actions",
};

/** Counts commits and executions as they happen. */
export class DeploymentCounters {
  readonly #counts: Counts = {
    commits: 0,
    queries: 0,
    mutations: 0,
    actions: 0,
    failures: 0,
    conflicts: 0,
  };

  constructor(database: Database, runtime: Runtime) {
    database.onCommit(() => {
      this.#counts.commits += 1;
    });
    runtime.onCompletion(({ udfType, ok, occ }) => {
      if (occ !== undefined) {
        this.#counts.conflicts += 1;
        return;
      }
      this.#counts[COUNTED[udfType]] += 1;
      if (!ok) this.#counts.failures += 1;
    });
  }

  /** The counts at this moment, which do not change afterwards. */
  read(): DeploymentStats {
    return { ...this.#counts };
  }
}
