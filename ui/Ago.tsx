/** The time since a moment, to be read at a glance; the exact time is its title. */
export function Ago({ at, now }: { at: number; now: number }) {
  const time = new Date(at).toISOString();
  return (
    <time dateTime={time} title={time}>
      {ago(now - at)}
    </time>
  );
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
] as const;

/** The time in the largest unit that says it nearly: 90 minutes are no hour. */
function ago(ms: number): string {
  for (const [name, unitMs] of UNITS) {
    const count = Math.round(ms / unitMs);
    const isNear = Math.abs(count * unitMs - ms) <= ms / 8;
    if (ms >= unitMs && isNear) return `${count} ${name} ago`;
  }
  if (ms >= 60_000) return `${Math.round(ms / 60_000)} min ago`;
  // Another machine's clock may be ahead.
  return "just now";
}
