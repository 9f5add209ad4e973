import { createHash } from "node:crypto";
import type { JSONValue } from "convex/values";
import type { Transaction } from "../../../database/transactions/transaction.js";
import type { KeyInterval } from "../../../database/types.js";
import type { Thread } from "../../../functions/execution/turns.js";
import type { Runtime, RuntimeSnapshot } from "../../../functions/runtime.js";
import type { Asked, UdfOutcome } from "../../../functions/types.js";
import { EmbeddedError } from "../../../errors.js";
import { refusalOf, toRequest, type Speaker } from "../calls.js";
import type { AddQuery } from "../messages.js";
import {
  isSystemPath,
  type SystemServices,
} from "../../systemFunctions/systemFunctions.js";
import { answerSystemQuery } from "../../systemFunctions/systemQueries.js";
import type { Turn } from "./turns.js";

/** Parts of the deployment that run queries. */
export type QueryRunServices = SystemServices & {
  readonly runtime: Runtime;
};

/** A query's result, as all clients that watch it get it. */
export interface LiveResult {
  /**
   * The JSON text of the modification after the query's id, which each client gave it: the same
   * bytes for all, however many of them have not taken theirs yet.
   */
  readonly text: Buffer;
  /** The length of the text in characters. */
  readonly characters: number;
  /** Tells results apart that clients could tell apart. */
  readonly digest: string;
  readonly journal: string | null;
  readonly isFailure: boolean;
}

/** A query's result at one snapshot, and its dependencies. */
export interface QueryRun {
  readonly result: LiveResult;
  /**
   * Intervals of keys that the query read; without any, only new code or another identity can
   * change the result.
   */
  readonly reads: Iterable<KeyInterval>;
  readonly asked: Readonly<Asked>;
}

/**
 * Runs a client's query, which gives its turn away like everybody; any error of it is its result.
 * It may be shown once the snapshot is on disk.
 */
export async function runLiveQuery(
  services: QueryRunServices,
  query: AddQuery,
  speaker: Speaker,
  { snapshot, turn }: { snapshot: RuntimeSnapshot; turn: Turn },
): Promise<QueryRun> {
  if (isSystemPath(query.udfPath)) {
    return runSystemQuery(services, query, speaker, snapshot.data);
  }
  const { journal = null } = query;
  const request = toRequest(query, speaker);
  if ("refusal" in request) return refused(request.refusal, journal);
  try {
    const { outcome, asked } = await services.runtime.runSharedQuery(
      { ...request, journal },
      snapshot,
      threadOf(turn),
    );
    const { readSet: reads = [] } = outcome;
    return { result: resultOf(outcome, journal), reads, asked };
  } catch (error) {
    return refused(refusalOf(error), journal);
  }
}

function threadOf(turn: Turn): Thread {
  return {
    isTurnOver: () => turn.isOver,
    inAnotherTurn: (goOn) => void turn.giveWay().then(goOn),
  };
}

function runSystemQuery(
  services: SystemServices,
  { udfPath: path, args: [args = {}], componentPath, journal }: AddQuery,
  { caller }: Speaker,
  data: Transaction,
): QueryRun {
  const view = data.snapshotView();
  try {
    const call = {
      path,
      args,
      componentPath: componentPath ?? "",
      journal: journal ?? null,
    };
    const answer = answerSystemQuery(services, call, caller, view);
    const json = JSON.stringify(answer.value);
    return {
      result: updated(json, { logLines: [], journal: answer.journal }),
      reads: view.readSet,
      asked: NOTHING,
    };
  } catch (error) {
    return refused(refusalOf(error), journal ?? null, dataOf(error));
  } finally {
    view.release();
  }
}

/** Data of an error that tells the client what to do, such as to begin a list anew. */
function dataOf(error: unknown): JSONValue | undefined {
  return error instanceof EmbeddedError ? error.data : undefined;
}

const NOTHING: Asked = { identity: false, time: false };

function resultOf(outcome: UdfOutcome, before: string | null): LiveResult {
  if (outcome.status === "success") {
    const { json, logLines, journal = null } = outcome;
    return updated(json, { logLines, journal });
  }
  return failed({ ...outcome, journal: before });
}

function updated(
  json: string,
  {
    logLines,
    journal,
  }: { logLines: readonly string[]; journal: string | null },
): LiveResult {
  const pieces = [
    '"type":"QueryUpdated","value":',
    json,
    `,"logLines":${JSON.stringify(logLines)},"journal":${JSON.stringify(journal)}}`,
  ];
  const text = encode(pieces);
  return {
    text,
    characters: pieces.reduce((sum, { length }) => sum + length, 0),
    digest: digestOf(text),
    journal,
    isFailure: false,
  };
}

function failed(failure: {
  errorMessage: string;
  errorData?: JSONValue;
  logLines: readonly string[];
  journal: string | null;
}): LiveResult {
  const { errorMessage, errorData, logLines, journal } = failure;
  const write = (message: string) =>
    // The members after the first, without the brace before them.
    JSON.stringify({
      type: "QueryFailed",
      errorMessage: message,
      errorData,
      logLines,
      journal,
    }).slice(1);
  const text = write(errorMessage);
  return {
    text: Buffer.from(text),
    characters: text.length,
    digest: digestOf(write(withoutRequestId(errorMessage))),
    journal,
    isFailure: true,
  };
}

function refused(
  errorMessage: string,
  journal: string | null,
  errorData?: JSONValue,
): QueryRun {
  const data = errorData === undefined ? {} : { errorData };
  return {
    result: failed({ errorMessage, ...data, logLines: [], journal }),
    reads: [],
    asked: NOTHING,
  };
}

/** Joins as bytes what may be large, so that there is no second copy of it as text. */
function encode(pieces: readonly string[]): Buffer {
  const sizes = pieces.map((piece) => Buffer.byteLength(piece));
  const joined = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 0));
  let end = 0;
  for (const piece of pieces) end += joined.write(piece, end);
  return joined;
}

function digestOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("base64");
}

/** An error's text without its request id, which differs in every run. */
function withoutRequestId(message: string): string {
  return message.replace(/^\[Request ID: \w+\] /, "");
}
