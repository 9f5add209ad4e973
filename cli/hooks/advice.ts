import { DEBTS_COUNTED } from "../../convex/sessionTracker/shared/limits.js";
import type { Returns } from "../deployment/api.js";
import { formatTime } from "../time/time.js";
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

/** @returns `null` for a hook that has not failed for visitors who were served all the same */
export function failedAdvice({
  name,
  failure,
}: Returns<"operator/hooks:list">[number]): Advice | null {
  if (failure === null) return null;
  return {
    what: `the hook ${name} failed, last at ${formatTime(failure.at)}; visitors were served all the same, and the app has not heard of them: ${failure.error}`,
    remedy: `Deploy its function again, or name another with setSessionHooks; \`sessions-ops hooks clear ${name}\` removes it.`,
  };
}
