/** Which sessions an `end` or a `forget` is asked to take, as options name them. */
import type { Args } from "../deployment/api.js";
import type { ComponentClient } from "../deployment/client.js";
import { CliError } from "../errors.js";
import { readSession, type IdOptions } from "../sessions/readSession.js";
import { readDuration } from "../time/time.js";
import { parseTime } from "../time/zonedTime.js";
import type { SessionState } from "../../convex/sessionTracker/shared/sessions.js";
import { TIMES } from "./filter.js";

export interface FilterOptions {
  readonly user?: string;
  readonly state?: SessionState;
  readonly createdBefore?: string;
  readonly createdAfter?: string;
  readonly activeBefore?: string;
  readonly activeAfter?: string;
  /** The sessionId or anonymousId of the one session that stays. */
  readonly except?: string;
}

/** What is about the run that takes them, and not about which they are. */
interface RunOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly max?: number;
  readonly rate?: number;
  readonly detach?: boolean;
  readonly archive?: string;
  readonly withoutIds?: boolean;
  /** With an ID, `forget` takes it in place of an answer. */
  readonly confirm?: string;
}

/** @throws usage, where an option that is about many sessions comes with an ID */
export function checkOne(options: FilterOptions & RunOptions): void {
  const given = [...WHICH, ...HOW].filter(
    ([option]) => options[option] !== undefined,
  );
  if (given.length === 0) return;
  const flags = given.map(([, flag]) => flag).join(", ");
  throw new CliError(
    "usage",
    `An ID names one session, and ${flags} is about many. Leave one of them out.`,
  );
}

/**
 * The filter to ask for, in which ages are left to the deployment's clock.
 * @throws usage, where nothing names a session
 */
export function askedFilter(options: FilterOptions & IdOptions): AskedFilter {
  if (options.sessionId || options.anonymousId) {
    throw new CliError(
      "usage",
      "--session-id and --anonymous-id are about an ID, which is not given. Give one, or leave them out.",
    );
  }
  const { user, state } = options;
  const filter: AskedFilter = {
    ...(user === undefined ? {} : { userId: user }),
    ...(state === undefined ? {} : { state }),
  };
  for (const [option, flag] of TIMES) {
    const text = options[option];
    if (text !== undefined) filter[option] = askedTime(text, flag);
  }
  if (Object.keys(filter).length > 0) return filter;
  const flags = WHICH.slice(0, -1).map(([, flag]) => flag);
  throw new CliError(
    "usage",
    `Nothing says which sessions. Give an ID, or name them by ${flags.join(", ")}.`,
  );
}

/** The same filter without the session that is to stay. */
export async function withExcept(
  client: ComponentClient,
  filter: AskedFilter,
  { except }: FilterOptions,
): Promise<AskedFilter> {
  if (except === undefined) return filter;
  const { sessionId } = await readSession(client, except);
  return { ...filter, exceptSessionId: sessionId };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type AskedFilter = Args<"runs/many/preview:page">["filter"];

const WHICH = [
  ["user", "--user"],
  ["state", "--state"],
  ...TIMES,
  ["except", "--except"],
] as const;

const HOW = [
  ["dryRun", "--dry-run"],
  ["yes", "--yes"],
  ["max", "--max"],
  ["rate", "--rate"],
  ["detach", "--detach"],
  ["archive", "--archive"],
  ["withoutIds", "--without-ids"],
  ["confirm", "--confirm"],
] as const;

function askedTime(text: string, flag: string): number | { agoMs: number } {
  const agoMs = readDuration(text);
  return agoMs === null ? parseTime(text, flag) : { agoMs };
}
