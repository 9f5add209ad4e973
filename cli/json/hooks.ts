import type { Returns } from "../deployment/api.js";
import { iso, isoOrNull } from "../time/time.js";
import type { HookName } from "../../convex/sessionTracker/shared/hooks.js";

/** Output of `hooks` and `hooks list` */
export interface HooksJson {
  /** The app's hooks. */
  hooks: {
    /** Its name. */
    name: HookName;
    /** The handle of the app's mutation. */
    handle: string;
    /** Whether it answers. */
    answers: boolean;
    /** What it threw, or what went wrong; `null` where nothing did. */
    error: string | null;
    /** Its failures for visitors who were served all the same; `null` where there are none. */
    failure: HookFailureJson | null;
  }[];
  /** Oldest first. */
  debts: HookDebtJson[];
  /** `false`: the hook owes more than was listed. */
  isAll: boolean;
}

/** A hook that is set. It was not called for this. */
export interface HookJson {
  /** Its name. */
  name: HookName;
  /** The handle of the app's mutation. */
  handle: string;
  /** Its failures for visitors who were served all the same; `null` where there are none. */
  failure: HookFailureJson | null;
}

/** That a hook failed for visitors who were served all the same. */
export interface HookFailureJson {
  /** When it failed first, since it last answered. */
  firstAt: string;
  /** When it failed last. */
  lastAt: string;
  /** What it threw last. */
  error: string;
}

export function toHookJson({ name, handle, failure }: HookStatus): HookJson {
  return { name, handle, failure: toFailureJson(failure) };
}

export function toFailureJson(
  failure: HookStatus["failure"],
): HookFailureJson | null {
  if (failure === null) return null;
  const { since, at, error } = failure;
  return { firstAt: iso(since), lastAt: iso(at), error };
}

type HookStatus = Returns<"operator/hooks:list">[number];

/** A call that a hook has not answered for somebody who was erased. */
export interface HookDebtJson {
  /** The id of what is owed. */
  debtId: string;
  /** The name of the hook. */
  hook: HookName;
  /** The Convex id of the session, which is safe to show. */
  sessionId: string;
  /** When the visitor was erased. */
  erasedAt: string;
  /** When the hook was last called for it, or was to be. */
  triedAt: string;
  /** What the hook threw last. */
  error: string;
  /** How often the watchdog has had the hook called for it. */
  tries: number;
  /** When the watchdog has it called again at the earliest; `null` for its next look. */
  nextTryAt: string | null;
}

export function toHookDebtJson(
  debt: Returns<"operator/hooks:debts">["debts"][number],
): HookDebtJson {
  return {
    ...debt,
    erasedAt: iso(debt.erasedAt),
    triedAt: iso(debt.triedAt),
    nextTryAt: isoOrNull(debt.nextTryAt),
  };
}

/** Output of `hooks retry` */
export interface HooksRetryJson {
  /** Number of calls that hooks have taken now. */
  paid: number;
  /** The calls that failed again. */
  failed: HookDebtJson[];
}

/** Output of `hooks clear` */
export interface HooksClearJson {
  /** The hooks that there were. */
  cleared: HookName[];
}

/** Output of `hooks settle` */
export interface HooksSettleJson {
  /** Always `true`: it is struck out. */
  done: boolean;
}
