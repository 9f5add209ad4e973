import { localText, relativeText, utcText } from "./text.js";

interface WhenProps {
  /** The moment as ISO 8601, or `null` for never. */
  at: string | null;
  /** The present; with it, the distance to the moment is shown. */
  now?: number;
  /** Whether the moment is to come, or was when it was told. */
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
