import type { Runtime } from "../../functions/runtime.js";
import type { UdfOutcome } from "../../functions/types.js";
import { encodeTs } from "../snapshotPins.js";
import { actorOf } from "../auditLog.js";
import { isSystemPath } from "../systemFunctions/systemFunctions.js";
import {
  runSystemMutation,
  type SystemMutationServices,
} from "../systemFunctions/systemMutations.js";
import { refusalOf, toRequest, type Speaker } from "./calls.js";
import type {
  ActionResponse,
  CallMessage,
  MutationResponse,
} from "./messages.js";
import type { RecordedResult, RequestRecords } from "./requestRecords.js";

/** Parts of the deployment that run a socket's mutations and actions. */
export interface RequestServices extends SystemMutationServices {
  readonly runtime: Runtime;
  readonly records: RequestRecords;
}

/** Runs a mutation unless it ran already, and answers with its outcome. */
export async function runMutationOnce(
  services: RequestServices,
  message: CallMessage,
  speaker: Speaker,
  { sessionId, committing }: { sessionId: string; committing: () => void },
): Promise<MutationResponse> {
  const { requestId } = message;
  const answer = { type: "MutationResponse", requestId } as const;
  const { recorded, outcome } = await attempt(() =>
    runRecorded(services, message, speaker, { sessionId, committing }),
  );
  if (recorded !== undefined) {
    await services.database.whenDurable(recorded.ts);
    return {
      ...answer,
      success: true,
      result: recorded.value,
      ts: encodeTs(recorded.ts),
      logLines: recorded.logLines,
    };
  }
  if (outcome.status === "error") return { ...answer, ...failure(outcome) };
  const { value, logLines, ts = services.database.latestTs } = outcome;
  return {
    ...answer,
    success: true,
    result: value,
    ts: encodeTs(ts),
    logLines,
  };
}

/** Runs an action, which the client never sends again. */
export async function runAction(
  { runtime }: RequestServices,
  message: CallMessage,
  speaker: Speaker,
): Promise<ActionResponse> {
  const { requestId } = message;
  const answer = { type: "ActionResponse", requestId } as const;
  const { outcome } = await attempt(async () => {
    const request = toRequest(message, speaker);
    return {
      outcome:
        "refusal" in request
          ? refused(request.refusal)
          : await runtime.runAction(request),
    };
  });
  if (outcome.status === "error") return { ...answer, ...failure(outcome) };
  const { value, logLines } = outcome;
  return { ...answer, success: true, result: value, logLines };
}

interface Ended {
  readonly outcome: UdfOutcome;
  readonly recorded?: RecordedResult | undefined;
}

async function runRecorded(
  services: RequestServices,
  message: CallMessage,
  speaker: Speaker,
  { sessionId, committing }: { sessionId: string; committing: () => void },
): Promise<Ended> {
  const { runtime, records } = services;
  const request = toRequest(message, speaker);
  if ("refusal" in request) return { outcome: refused(request.refusal) };
  const key = { sessionId, requestId: message.requestId };
  const found: { result?: RecordedResult } = {};
  const hooks = records.hooks(key, {
    recorded: (result) => {
      found.result = result;
    },
    committed: committing,
  });
  const outcome = isSystemPath(request.path)
    ? await runSystemMutation(
        services,
        request,
        speaker.caller,
        actorOf(speaker),
        hooks,
      )
    : await runtime.runMutation(request, hooks);
  // A push may have taken the function away since the mutation committed.
  const recorded =
    outcome.status === "error" ? records.find(key) : found.result;
  return { outcome, recorded };
}

/** Runs a request; an error that is the client's fault becomes its answer. */
async function attempt(run: () => Promise<Ended>): Promise<Ended> {
  try {
    return await run();
  } catch (error) {
    return { outcome: refused(refusalOf(error)) };
  }
}

function refused(errorMessage: string): UdfOutcome {
  return { status: "error", errorMessage, logLines: [] };
}

function failure({
  errorMessage,
  errorData,
  logLines,
}: Extract<UdfOutcome, { status: "error" }>) {
  return {
    success: false,
    result: errorMessage,
    ...(errorData === undefined ? {} : { errorData }),
    logLines,
  } as const;
}
