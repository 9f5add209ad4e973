/** The known name that somebody who wrote `name` probably meant, if any is near. */
export function nearest(name: string, known: readonly string[]): string | null {
  const wanted = name.toLowerCase();
  const near = known
    .map((candidate) => ({
      candidate,
      distance: distanceTo(wanted, candidate.toLowerCase()),
    }))
    .filter(({ distance }) => distance <= 1 + wanted.length / 3)
    .sort((a, b) => a.distance - b.distance);
  return name === "" ? null : (near[0]?.candidate ?? null);
}

/** The distance to a name, or to its beginning: the end of a long name is easily left out. */
function distanceTo(wanted: string, candidate: string): number {
  const ends = [wanted.length - 1, wanted.length, wanted.length + 1];
  const beginnings = ends.map((end) => candidate.slice(0, end));
  return candidate.startsWith(wanted)
    ? 0
    : Math.min(
        ...[candidate, ...beginnings].map((text) => editDistance(wanted, text)),
      );
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, ofA] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, ofB] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (ofA === ofB ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
