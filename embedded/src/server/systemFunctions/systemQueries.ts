import type { JSONValue } from "convex/values";
import type { Transaction } from "../../database/transactions/transaction.js";
import type { Caller } from "../auth/auth.js";
import { codeQueries } from "./code.js";
import { deploymentQueries } from "./deployment.js";
import { documentQueries } from "./documents.js";
import { fileQueries } from "./files.js";
import { jobQueries } from "./jobs.js";
import { tableQueries } from "./tables.js";
import {
  prepare,
  type SystemQuery,
  type SystemRequest,
  type SystemServices,
} from "./systemFunctions.js";

const QUERIES: ReadonlyMap<string, SystemQuery> = new Map(
  Object.entries({
    ...codeQueries,
    ...deploymentQueries,
    ...documentQueries,
    ...fileQueries,
    ...jobQueries,
    ...tableQueries,
  }),
);

/** The answer of a system query, and where its page ended if it read one. */
export interface SystemAnswer {
  readonly value: JSONValue;
  readonly journal: string | null;
}

/** Answers a query of the CLI or dashboard; throws what is wrong with it. */
export function answerSystemQuery(
  services: SystemServices,
  request: SystemRequest,
  caller: Caller,
  snapshot: Transaction,
): SystemAnswer {
  const { fn, call } = prepare(QUERIES, services, request, caller, snapshot);
  return { value: fn.run(call), journal: call.journal };
}
