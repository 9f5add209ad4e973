/**
 * Erasing visitors in a page of a run, with everything that the component and the app keep of them, as
 * `visitors/forget` does for one.
 */
import type { MutationCtx } from "../../_generated/server.js";
import type { HookSession } from "../../shared/hooks.js";
import { isIdle } from "../../shared/visits.js";
import { countStates } from "../../rows/counters.js";
import { closed, type ClosedVisit, countVisits } from "../../rows/days.js";
import { type Allowance, spend } from "../../rows/deletes.js";
import { noteErased } from "../../rows/erasures.js";
import { changeOf, noteChanges, type StateChange } from "../../rows/tallies.js";
import { toHookSession } from "../../settings/hooks.js";
import { tellAllErased } from "../../settings/hooksOfMany.js";
import { visitOf } from "../../visitors/closeVisit.js";
import type { PageDone } from "../due.js";
import { deleteRows } from "../page.js";
import { lastActiveOf } from "./look.js";
import type { Looked, ManyPage, Taker } from "./terms.js";

/** The read intervals of a lease: to find it, and to delete it. */
const COST_OF_A_LEASE = 2;
/** Those of a digest: to look whether it is there, and to write it where it is. */
const COST_OF_A_DIGEST = 2;

type DeleteRows = (
  session: Looked["session"],
  lease: Looked["lease"],
) => ReturnType<typeof deleteRows>;

/** @param deleteRowsOf deletes the visits and actions of a visitor, as many as are to go in this page */
export function erasing(
  ctx: MutationCtx,
  { hookUnable, isOfRun }: Pick<ManyPage, "hookUnable" | "isOfRun">,
  allowance: Allowance,
  done: PageDone,
  deleteRowsOf: DeleteRows = (session, lease) =>
    deleteRows(ctx, session, allowance, lease),
): Taker {
  const now = Date.now();
  const counts = { active: 0, expired: 0, ended: 0 };
  const visits: ClosedVisit[] = [];
  const changed: StateChange[] = [];
  const erased: HookSession[] = [];

  /** A visitor with more rows than the page has left keeps the session, and may go on, until the last is gone. */
  async function take(looked: Pick<Looked, "session" | "lease">) {
    const { session, lease } = looked;
    const rows = await deleteRowsOf(session, lease);
    done.visits += rows.visits;
    done.actions += rows.actions;
    if (!rows.isDone) return false;
    if (lease !== null) {
      const endedAt = isIdle(lease, now) ? lease.lastActive : now;
      const visit = visitOf(session, lease, endedAt, "ended");
      visits.push(closed(visit, session.visits === 1));
      await ctx.db.delete("leases", lease._id);
      allowance.deletes -= COST_OF_A_LEASE;
      done.leases += 1;
      done.visits += 1;
    }
    await ctx.db.delete("sessions", session._id);
    spend(allowance, session);
    allowance.deletes -= COST_OF_A_DIGEST;
    if (session.lastVisit !== undefined) done.visits += 1;
    counts[session.state] -= 1;
    changed.push(changeOf(session, null));
    erased.push(toHookSession(session, lastActiveOf(looked)));
    return true;
  }

  async function finish(): Promise<void> {
    const of = isOfRun ? "forget" : undefined;
    await countVisits(ctx, visits, of);
    await countStates(ctx, counts, of);
    await noteChanges(ctx, changed, of);
    await noteErased(ctx, ...erased);
    await tellAllErased(ctx, erased, hookUnable);
  }

  return { take, finish };
}
