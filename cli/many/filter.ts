/** The filter of an `end` or a `forget`, in words and as the flags that name it. */
import type { Run } from "../deployment/api.js";
import { shellCommand } from "../terminal/shell.js";
import { formatTime, iso } from "../time/time.js";

/** The filter with its times as the deployment reckoned them. */
export type Filter = NonNullable<Run["filter"]>;

export const TIMES = [
  ["createdBefore", "--created-before", "created before"],
  ["createdAfter", "--created-after", "created at or after"],
  ["activeBefore", "--active-before", "last active before"],
  ["activeAfter", "--active-after", "last active at or after"],
] as const;

/** The filter in words: of user ada, active, created before 2026-08-01 12:00:00 UTC */
export function filterText(filter: Filter): string {
  const { userId, state, exceptSessionId } = filter;
  return [
    ...(userId === undefined ? [] : [`of user ${userId}`]),
    ...(state === undefined ? [] : [state]),
    ...TIMES.flatMap(([option, , text]) => {
      const at = filter[option];
      return at === undefined ? [] : [`${text} ${formatTime(at)}`];
    }),
    ...(exceptSessionId === undefined ? [] : [`except ${exceptSessionId}`]),
  ].join(", ");
}

/** The flags that name exactly these sessions, by the times as they were reckoned. */
export function filterFlags(filter: Filter): string {
  const { userId, state, exceptSessionId } = filter;
  const given: Array<[flag: string, value: string | undefined]> = [
    ["--user", userId],
    ["--state", state],
    ...TIMES.map(([option, flag]): [string, string | undefined] => {
      const at = filter[option];
      return [flag, at === undefined ? undefined : iso(at)];
    }),
    ["--except", exceptSessionId],
  ];
  return shellCommand(
    ...given.flatMap(([flag, value]) =>
      value === undefined ? [] : [flag, value],
    ),
  );
}
