import { readFileSync } from "node:fs";

/** Counts of one operation, or of all of a run's transactions. */
interface Counts {
  calls: number;
  documentsRead: number;
  documentsWritten: number;
  bytesRead: number;
  bytesWritten: number;
}

interface RunCounts extends Counts {
  sessions: number;
  pages: number;
}

interface StoredRows {
  documentBytes: number;
  indexes: number;
  indexKeyBytes: number;
}

/** What `npm run bench:scale -- --write` left in `measured.json`. */
export interface Measured {
  madeBy: string;
  on: string;
  node: string;
  cores: number;
  sessions: number;
  operations: Record<
    "newVisitor" | "idleHeartbeat" | "writingHeartbeat" | "action" | "status",
    Counts
  > & { expire: RunCounts };
  rows: Record<"sessions" | "leases" | "actions", StoredRows>;
  purges: { sessions: number; purge: RunCounts }[];
  commits: number;
  conflicts:
    { loser: string; winner: string; table: string; count: number }[] | null;
}

export function readMeasured(): Measured {
  const file = new URL("./measured.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Measured;
}
