import type { Transaction } from "../../../database/transactions/transaction.js";
import type { KeyInterval } from "../../../database/types.js";
import type { Runtime, RuntimeSnapshot } from "../../../functions/runtime.js";
import type { UdfOutcome } from "../../../functions/types.js";
import { refusalOf, toRequest, type Speaker } from "../calls.js";
import type { AddQuery, QueryResult } from "../messages.js";
import {
  answerSystemQuery,
  isSystemPath,
  type SystemQueryServices,
} from "../../systemQueries/systemQueries.js";

/** Parts of the deployment that run queries. */
export type QueryRunServices = SystemQueryServices & {
  readonly runtime: Runtime;
};

/** A query's result at one snapshot, and its dependencies. */
export interface QueryRun {
  readonly result: QueryResult;
  /**
   * Intervals of keys that the query read; without any, only new code or another identity can
   * change the result.
   */
  readonly reads: Iterable<KeyInterval>;
}

/** Runs a client's query; any error of it is its result. */
export async function runLiveQuery(
  services: QueryRunServices,
  query: AddQuery,
  speaker: Speaker,
  snapshot: RuntimeSnapshot,
): Promise<QueryRun> {
  if (isSystemPath(query.udfPath)) {
    return runSystemQuery(services, query, speaker, snapshot.data);
  }
  const { journal = null } = query;
  const request = toRequest(query, speaker);
  if ("refusal" in request) return failed(request.refusal, journal);
  try {
    const outcome = await services.runtime.runQueryAt(
      { ...request, journal },
      snapshot,
    );
    return {
      result: toResult(outcome, journal),
      reads: outcome.readSet ?? [],
    };
  } catch (error) {
    return failed(refusalOf(error), journal);
  }
}

function runSystemQuery(
  services: SystemQueryServices,
  { udfPath: path, args: [args = {}], componentPath }: AddQuery,
  { caller }: Speaker,
  data: Transaction,
): QueryRun {
  const view = data.snapshotView();
  try {
    const call = { path, args, componentPath: componentPath ?? "" };
    const value = answerSystemQuery(services, call, caller, view);
    return {
      result: { type: "QueryUpdated", value, logLines: [], journal: null },
      reads: view.readSet,
    };
  } catch (error) {
    return failed(refusalOf(error), null);
  } finally {
    view.release();
  }
}

function toResult(outcome: UdfOutcome, before: string | null): QueryResult {
  const { logLines } = outcome;
  if (outcome.status === "success") {
    const { value, journal = null } = outcome;
    return { type: "QueryUpdated", value, logLines, journal };
  }
  const { errorMessage, errorData } = outcome;
  return {
    type: "QueryFailed",
    errorMessage,
    ...(errorData === undefined ? {} : { errorData }),
    logLines,
    journal: before,
  };
}

function failed(errorMessage: string, journal: string | null): QueryRun {
  return {
    result: { type: "QueryFailed", errorMessage, logLines: [], journal },
    reads: [],
  };
}
