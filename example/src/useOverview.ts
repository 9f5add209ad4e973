import { useQueries } from "convex/react";
import type { FunctionReference, FunctionReturnType } from "convex/server";
import { useMemo } from "react";
import { api } from "../convex/_generated/api.js";
import type { Day } from "../../ui/index.js";

export const DAYS = 14;

const DAY_MS = 86_400_000;
const { counts, createdOnDay, newestActions } = api.overview;

export interface Overview {
  counts: FunctionReturnType<typeof counts> | undefined;
  /** The last days, oldest first; those not counted yet have 0. `undefined` until one has been counted. */
  days: Day[] | undefined;
  actions: FunctionReturnType<typeof newestActions> | undefined;
  /** The error of a query, if there is nothing to see. */
  error: Error | undefined;
}

/**
 * The figures of the page. Each day is one subscription, so that a visitor of today has only today
 * counted again.
 */
export function useOverview(now: number): Overview {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const starts = useMemo(
    () =>
      Array.from({ length: DAYS }, (_, n) => today - (DAYS - 1 - n) * DAY_MS),
    [today],
  );
  const queries = useMemo(
    () => ({
      counts: { query: counts, args: {} },
      actions: { query: newestActions, args: {} },
      ...Object.fromEntries(
        starts.map((startsAt) => [
          startsAt,
          { query: createdOnDay, args: { startsAt } },
        ]),
      ),
    }),
    [starts],
  );
  // Unlike `useQuery` this hook returns errors, and so a refusal is shown and not thrown.
  const results: Record<string, unknown> = useQueries(queries);
  const resultOf = <Query extends FunctionReference<"query">>(
    _query: Query,
    name: string | number,
  ) => {
    const result = results[name];
    return (result instanceof Error ? undefined : result) as
      FunctionReturnType<Query> | undefined;
  };
  const counted = starts.map((startsAt) => resultOf(createdOnDay, startsAt));
  return {
    counts: resultOf(counts, "counts"),
    days: counted.some((day) => day !== undefined)
      ? starts.map(
          (startsAt, n) =>
            counted[n] ?? { startsAt, count: 0, isCapped: false },
        )
      : undefined,
    actions: resultOf(newestActions, "actions"),
    error: Object.values(results).find((result) => result instanceof Error),
  };
}
