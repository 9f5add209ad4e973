/** What a run over many sessions goes by, what one of its pages is given, and what takes the sessions of a page. */
import type { Doc } from "../../_generated/dataModel.js";
import type { Filter } from "../../shared/runs/filter.js";
import { type FilteredKind, isFiltered } from "../../shared/runs/kinds.js";
import type { Cursor } from "../../shared/runs/run.js";
import type { BlockedUntil } from "../../shared/sessions.js";

/** What of a run over many decides which sessions are due to it. */
export interface Many {
  kind: FilteredKind;
  filter: Filter;
  /** When the run started, in ms since the epoch: sessions created later are not taken. */
  cutoff: number;
  /** Until when the run blocks sessions; without it, it only ends visits. */
  blockedUntil?: BlockedUntil | undefined;
}

/** What of a run of the kind, as its row has it, decides which sessions are due. */
export function manyOf(
  run: Pick<Doc<"runs">, "kind" | "cutoff" | "blockedUntil"> & {
    filter?: Filter | undefined;
  },
): Many {
  const { kind, filter, cutoff, blockedUntil } = run;
  if (!isFiltered(kind) || filter === undefined) {
    throw new Error(`A run ${kind} takes no sessions by a filter.`);
  }
  return { kind, filter, cutoff, blockedUntil };
}

export interface ManyPage extends Many {
  cursor: Cursor | null;
  pageSize: number;
  /** Whether it is a page of a run, which counts in shards of its own; of the app's calls several may be under way. */
  isOfRun: boolean;
  /** Number of sessions to take at most. */
  sessionsLeft?: number | undefined;
  /** Why the run was started; ended sessions keep it. */
  reason?: string | undefined;
  /** Why the app's hook is not called for the sessions that the page takes; for erased ones it owes the call. */
  hookUnable?: string | undefined;
}

/** A session that was looked at. */
export interface Looked {
  session: Doc<"sessions">;
  lease: Doc<"leases"> | null;
  /** The cursor behind it. */
  cursor: Cursor;
  isDue: boolean;
}

/** What takes the sessions of a page, one by one, and then counts and tells them at once. */
export interface Taker {
  /** @returns `false` where the session does not fit what the page has left: the next page goes on with it */
  take(looked: Pick<Looked, "session" | "lease">): Promise<boolean>;
  /** To be called once, after the page's last session. */
  finish(): Promise<void>;
}
