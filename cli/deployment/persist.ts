import type { CliContext } from "../context.js";
import { isUnreachable, mayBeDone, type CliError } from "../errors.js";

const RETRY_MS = 250;
/**
 * The longest outage that is waited out: half a minute, by the pauses and by the clock, since an answer
 * that is only held takes long to fail.
 */
const MAX_LOST = 120;
const MAX_LOST_MS = MAX_LOST * RETRY_MS;

/** The way to go on when the answer to a call is lost. */
export type AfterLoss = "fail" | "again" | "persist";

/**
 * Makes a call that may be made again: at once, or for as long as the network, or a deployment that
 * restarts, takes to come back.
 * @param options.ended ends the pauses
 * @param options.patienceMs after which the call is not made again, where that is less
 * @throws the first error that leaves open whether the call was done, else the last one
 */
export async function persist<Answer>(
  context: Pick<CliContext, "now" | "sleep">,
  call: () => Promise<Answer>,
  options: {
    afterLoss: (error: CliError, attempt: number) => AfterLoss;
    ended: AbortSignal;
    patienceMs?: number;
  },
): Promise<Answer> {
  const startedAt = context.now();
  const { patienceMs = Infinity } = options;
  let first: CliError | null = null;
  let lostAt: number | null = null;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      if (first === null && mayBeDone(error)) first = error;
      lostAt ??= context.now();
      const next = options.afterLoss(error, attempt);
      const isOver =
        attempt === MAX_LOST ||
        context.now() - lostAt >= MAX_LOST_MS ||
        // A timer of so many milliseconds may fire one before the clock says so.
        context.now() - startedAt >= patienceMs - 1;
      if (next === "fail" || isOver) throw first ?? error;
      if (next === "persist") await context.sleep(RETRY_MS, options.ended);
      if (options.ended.aborted) throw first ?? error;
    }
  }
}
