import type { Returns } from "../deployment/api.js";
import { iso } from "../time/time.js";
import type { HookName } from "../../convex/sessionTracker/shared/hooks.js";

/** Output of `hooks` and `hooks list` */
export interface HooksJson {
  hooks: {
    name: HookName;
    /** The handle of the app's mutation. */
    handle: string;
    answers: boolean;
    error: string | null;
  }[];
  /** Oldest first. */
  debts: HookDebtJson[];
  /** `false`: the hook owes more than was listed. */
  isAll: boolean;
}

/** A call that a hook has not answered for somebody who was erased. */
export interface HookDebtJson {
  debtId: string;
  hook: HookName;
  sessionId: string;
  erasedAt: string;
  /** When the hook was last called for it, or was to be. */
  triedAt: string;
  error: string;
}

export function toHookDebtJson(
  debt: Returns<"operator/hooks:debts">["debts"][number],
): HookDebtJson {
  return {
    ...debt,
    erasedAt: iso(debt.erasedAt),
    triedAt: iso(debt.triedAt),
  };
}

/** Output of `hooks retry` */
export interface HooksRetryJson {
  paid: number;
  failed: HookDebtJson[];
}

/** Output of `hooks clear` and `hooks settle` */
export interface HooksChangeJson {
  /** `false`: there was nothing to do. */
  done: boolean;
}
