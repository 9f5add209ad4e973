import { DEBTS_COUNTED } from "../../convex/sessionTracker/shared/limits.js";
import { countOf, type Advice } from "../terminal/words.js";

/** @param hookDebts the number that `status` counts, up to its limit */
export function owedAdvice(hookDebts: number): Advice {
  const many = hookDebts >= DEBTS_COUNTED ? "at least " : "";
  return {
    what: `the app's hook has not done its part for ${many}${countOf(hookDebts, "erased session")}`,
    remedy:
      "`sessions-ops hooks` shows why, `sessions-ops hooks retry` calls it again.",
  };
}
