import { localText, relativeText, utcText } from "./text.js";

interface WhenProps {
  /** ISO 8601, or `null` for never. */
  at: string | null;
  /** With it, how long ago or in how long. */
  now?: number;
  /** It is to come, or was when it was told. */
  isAhead?: boolean;
}

/** A moment; the operator's own time is its title. */
export function When({ at, now, isAhead = false }: WhenProps) {
  if (at === null) return "-";
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={`${utcText(ms)} UTC, here ${localText(ms)}`}>
      {now === undefined ? utcText(ms) : relativeText(ms, now, isAhead)}
    </time>
  );
}
