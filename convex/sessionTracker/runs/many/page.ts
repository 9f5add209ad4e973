/** The work of one page of a run over many sessions, within the limits of one transaction. */
import { getConvexSize } from "convex/values";
import type { MutationCtx } from "../../_generated/server.js";
import { openAllowance } from "../../rows/deletes.js";
import type { PageDone } from "../due.js";
import { ending } from "./ending.js";
import { erasing } from "./erasing.js";
import { look, MAX_PASSED } from "./look.js";
import type { ManyPage, Taker } from "./terms.js";

/** Takes as many due sessions as the page's allowance allows, and passes over others, so many a page at most. */
export async function doManyPage(
  ctx: MutationCtx,
  page: ManyPage,
): Promise<PageDone> {
  const { pageSize, sessionsLeft = Infinity } = page;
  const allowance = await openAllowance(ctx, pageSize);
  const done: PageDone = {
    leases: 0,
    sessions: 0,
    visits: 0,
    actions: 0,
    cursor: page.cursor,
    isDone: false,
  };
  const taker =
    page.kind === "end"
      ? ending(ctx, page, allowance, done)
      : erasing(ctx, page, allowance, done);
  const most = Math.min(pageSize, sessionsLeft);
  done.isDone = await takeAll(ctx, page, taker, most, allowance, done);
  await taker.finish();
  return done;
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** @returns whether no session is left to look at */
async function takeAll(
  ctx: MutationCtx,
  page: ManyPage,
  taker: Taker,
  most: number,
  allowance: { deletes: number; bytes: number },
  done: PageDone,
): Promise<boolean> {
  let passed = 0;
  for await (const looked of look(ctx, page, page.cursor)) {
    if (looked.isDue) {
      const isSpent = allowance.deletes < 1 || allowance.bytes < 0;
      if (done.sessions >= most || isSpent) return false;
      if (!(await taker.take(looked))) return false;
      done.sessions += 1;
    } else {
      passed += 1;
      if (passed > MAX_PASSED) return false;
      allowance.bytes -= getConvexSize(looked.session);
    }
    done.cursor = looked.cursor;
  }
  return true;
}
