/** Conflicts of mutations, where the deployment tells them. */
import type { ConflictsJson } from "../../cli/json/status/conflicts.js";
import type { Column } from "../../ui/index.js";
import { TableCard } from "./TableCard.js";
import { numberText } from "./text.js";
import { When } from "./When.js";

/** Which mutations ran again, and after which; nothing where the deployment does not tell it, as on Convex. */
export function Conflicts({ conflicts }: { conflicts: ConflictsJson | null }) {
  if (conflicts === null) return null;
  const { since, count, pairs, morePairs } = conflicts;
  return (
    <TableCard
      title="Conflicts"
      note={
        <>
          mutations ran again {numberText(count)}{" "}
          {count === 1 ? "time" : "times"} since <When at={since} />
          {morePairs > 0 && `; ${numberText(morePairs)} rarer pairs left out`}
        </>
      }
      columns={COLUMNS}
      rows={pairs}
      keyOf={({ loser, winner, table }) => `${loser} ${winner} ${table}`}
      empty="No mutation had to run again."
    />
  );
}

type Pair = ConflictsJson["pairs"][number];

const COLUMNS: Column<Pair>[] = [
  {
    title: "Ran again",
    cell: ({ loser }) => <p className="text">{loser}</p>,
  },
  { title: "After", cell: ({ winner }) => <p className="text">{winner}</p> },
  { title: "Over", cell: ({ table }) => table },
  {
    title: "Times",
    isNumber: true,
    cell: ({ count }) => numberText(count),
  },
  {
    title: "Lost all tries",
    isNumber: true,
    cell: ({ outOfTries }) => numberText(outOfTries),
  },
];
