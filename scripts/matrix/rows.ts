/** Which combinations of versions the packages are tried in. */

export interface Row {
  /** The major of Node. */
  node: string;
  convex: string;
  react: string;
  manager: Manager;
  /** Each is tried with every {@link RESOLUTIONS module resolution}. */
  typescript: string[];
}

export type Manager = "npm" | "pnpm" | "yarn";

export const RESOLUTIONS = ["bundler", "node16", "nodenext"] as const;

const OLDEST = { node: "20", convex: "1.46.0", react: "18.3.1" };
const NEWEST = { node: "26", convex: "latest", react: "latest" };

/** Nodes that the newest `convex` names in its `engines`. */
const NODES_OF_NEWEST_CONVEX = ["22", "24", "26"];

/** The oldest of all and the newest of all. */
export const CORNERS: Row[] = [
  // pnpm's links are what the oldest Node follows least.
  { ...OLDEST, manager: "pnpm", typescript: ["5.5"] },
  { ...NEWEST, manager: "npm", typescript: ["7.0"] },
];

const CHOICES = {
  node: ["20", "22", "24", "26"],
  convex: ["1.46.0", "latest"],
  react: ["18.3.1", "latest"],
  manager: ["npm", "pnpm", "yarn"],
} satisfies Record<Exclude<keyof Row, "typescript">, string[]>;

const TYPESCRIPTS = ["5.5", "5.6", "5.7", "5.8", "5.9", "6.0", "7.0"];

/**
 * Rows in which each two of Node, convex, React and the package manager meet once at least, after the
 * corners. Each TypeScript is in one at least, with the managers and the convex that it has met least.
 */
export function coveringRows(): Row[] {
  const rows = [...CORNERS];
  for (;;) {
    const seen = new Set(rows.flatMap(pairsOf));
    const gain = (row: Row) => pairsOf(row).filter((p) => !seen.has(p)).length;
    const [best] = allRows().sort((a, b) => gain(b) - gain(a));
    if (best === undefined || gain(best) === 0) break;
    rows.push(best);
  }
  return withTypescripts(rows);
}

// ── Helpers ─────────────────────────────────────────────────────────────────

function allRows(): Row[] {
  const { node, convex, react, manager } = CHOICES;
  return node
    .flatMap((n) => convex.map((c) => ({ node: n, convex: c })))
    .filter(
      (row) =>
        row.convex !== "latest" || NODES_OF_NEWEST_CONVEX.includes(row.node),
    )
    .flatMap((row) => react.map((r) => ({ ...row, react: r })))
    .flatMap((row) =>
      manager.map((m) => ({
        ...row,
        manager: m as Manager,
        typescript: [],
      })),
    );
}

function pairsOf({ node, convex, react, manager }: Row): string[] {
  const parts = [`n${node}`, `c${convex}`, `r${react}`, manager];
  return parts.flatMap((a, i) => parts.slice(i + 1).map((b) => `${a} ${b}`));
}

/** Gives each row the two TypeScripts that have met its manager and its convex least often. */
function withTypescripts(rows: Row[]): Row[] {
  const met = new Map<string, number>();
  const meetings = (row: Row, version: string) =>
    [row.manager, row.convex].map((part) => `${part} ${version}`);
  const count = (row: Row, version: string) =>
    meetings(row, version).reduce((sum, key) => sum + (met.get(key) ?? 0), 0);
  const note = (row: Row) => {
    for (const version of row.typescript) {
      for (const key of meetings(row, version)) {
        met.set(key, (met.get(key) ?? 0) + 1);
      }
    }
    return row;
  };
  return rows.map((row) => {
    if (row.typescript.length > 0) return note(row);
    const rarest = [...TYPESCRIPTS].sort(
      (a, b) => count(row, a) - count(row, b),
    );
    return note({ ...row, typescript: rarest.slice(0, 2).sort() });
  });
}
