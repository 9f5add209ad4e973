/** Lists that come in pages, newest first: reading as many as are asked for, and saying how to go on. */
import type { CliContext } from "../context.js";
import { note } from "./output.js";
import { shellCommand } from "./shell.js";

export interface PageOptions {
  /** How many rows at most. */
  readonly limit: number;
  /** Where an earlier command ended. */
  readonly cursor?: string;
}

interface Page<Row> {
  rows: Row[];
  /** Leads to the rows after these; `null` at the end. */
  cursor: string | null;
}

/**
 * Reads page after page until there are as many rows as asked for, or no more.
 * @param most the most rows that one page has
 * @param onPage called with each page as soon as it is there
 */
export async function readPages<Row>(
  { limit, cursor: from }: PageOptions,
  most: number,
  read: (page: { limit: number; cursor: string | null }) => Promise<Page<Row>>,
  onPage: (rows: Row[]) => void = () => {},
): Promise<Page<Row>> {
  const rows: Row[] = [];
  let cursor: string | null = from ?? null;
  do {
    const count = Math.min(limit - rows.length, most);
    const page: Page<Row> = await read({ limit: count, cursor });
    onPage(page.rows);
    rows.push(...page.rows);
    cursor = page.cursor;
  } while (cursor !== null && rows.length < limit);
  return { rows, cursor };
}

/** Says how to go on behind a page, where there is more. */
export function noteMore(context: CliContext, cursor: string | null): void {
  if (cursor === null) return;
  note(
    context,
    `More: the same command with ${shellCommand("--cursor", cursor)}`,
  );
}
