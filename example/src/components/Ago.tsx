/** How long ago something was, to be read at a glance; the exact time is its title. */
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

function ago(ms: number): string {
  for (const [name, unitMs] of UNITS) {
    if (ms >= unitMs) return `${Math.floor(ms / unitMs)} ${name} ago`;
  }
  // Another machine's clock may be ahead.
  return "just now";
}
