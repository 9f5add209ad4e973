/**
 * What a run over many sessions is asked for, frozen by the deployment's clock: its filter, how long it blocks,
 * and up to when sessions may have been created.
 */
import type { FilteredKind } from "../../shared/runs/kinds.js";
import type {
  AskedFilter,
  AskedTime,
  Filter,
} from "../../shared/runs/filter.js";
import { fail } from "../../shared/errors.js";
import type { Block } from "../../shared/sessions.js";
import { endOfBlock } from "../../visitors/block.js";
import type { Many } from "./terms.js";

export interface AskedMany {
  kind: FilteredKind;
  filter: AskedFilter;
  /** Only for `end`: how long the visitors may not come back. */
  block?: Block | undefined;
  /** Sessions created later are not taken, in ms since the epoch. @default now */
  cutoff?: number | undefined;
}

/**
 * @throws invalidArgument `{ argument }`, for a filter that names nothing, a time that lies in the future or
 *   before 1970, a range that is empty, or a block of a run that is not to end sessions
 */
export function freeze(
  { kind, filter, block, cutoff = Infinity }: AskedMany,
  now: number,
): Many {
  if (block !== undefined && kind !== "end") {
    refuse("block", "Only a run that ends sessions can block them.");
  }
  if (cutoff < 0) refuse("cutoff", "The cutoff lies before 1970.");
  const frozen = frozenFilter(filter, now);
  if (kind === "end" && frozen.state === "ended" && block === undefined) {
    refuse(
      "filter.state",
      "Ended sessions have no visit to end: name a block too, or another state.",
    );
  }
  return {
    kind,
    filter: frozen,
    cutoff: Math.min(cutoff, now),
    ...(block === undefined ? {} : { blockedUntil: endOfBlock(block, now) }),
  };
}

// ── Helpers ─────────────────────────────────────────────────────────────────

const TIMES = [
  "createdBefore",
  "createdAfter",
  "activeBefore",
  "activeAfter",
] as const;

function frozenFilter(asked: AskedFilter, now: number): Filter {
  const { userId, state, exceptSessionId } = asked;
  if (userId?.trim() === "") refuse("filter.userId", "The userId is empty.");
  const filter: Filter = {
    ...(userId === undefined ? {} : { userId }),
    ...(state === undefined ? {} : { state }),
    ...(exceptSessionId === undefined ? {} : { exceptSessionId }),
  };
  for (const name of TIMES) {
    const time = asked[name];
    if (time !== undefined) filter[name] = momentOf(name, time, now);
  }
  const { exceptSessionId: _, ...named } = filter;
  if (Object.keys(named).length === 0) {
    refuse(
      "filter",
      "The filter names nothing, so that all sessions would be taken: name a user, a state, or when sessions were created or last active.",
    );
  }
  checkRange("created", filter.createdAfter, filter.createdBefore);
  checkRange("active", filter.activeAfter, filter.activeBefore);
  return filter;
}

/** A time in whole ms since the epoch; so long ago that it lies before 1970 is 1970. */
function momentOf(
  name: (typeof TIMES)[number],
  time: AskedTime,
  now: number,
): number {
  const at =
    typeof time === "number" ? time : Math.max(0, Math.floor(now - time.agoMs));
  if (at >= 0 && at <= now) return at;
  refuse(
    `filter.${name}`,
    `${name} must be a time from 1970 to now (${now} ms since the epoch), got ${at}.`,
  );
}

function checkRange(
  of: "created" | "active",
  after: number | undefined,
  before: number | undefined,
): void {
  if (after === undefined || before === undefined || after < before) return;
  refuse(
    `filter.${of}After`,
    `No session is ${of} both at ${after} or later and before ${before}: ${of}After must be earlier than ${of}Before.`,
  );
}

function refuse(argument: string, message: string): never {
  fail("invalidArgument", message, { argument });
}
