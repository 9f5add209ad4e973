import type { CliContext } from "../../context.js";
import { note } from "../output.js";
import { parseRow } from "./rows.js";
import type { NumberedRow } from "./batches.js";
import type { Source } from "./source.js";

export interface Checked {
  rows: number;
  invalid: number;
  /** Rows last active before the cutoff of the retention. */
  older: number;
}

/** Invalid lines that are shown one by one; the others are counted. */
const MAX_SHOWN = 20;

/** The valid rows from a line on. What is wrong with the others goes to `onInvalid`. */
export async function* readRows(
  source: Source,
  { fromLine, now }: { fromLine: number; now: number },
  onInvalid: (line: number, problem: string) => void = () => {},
): AsyncGenerator<NumberedRow> {
  for await (const { line, text } of source.lines()) {
    if (line < fromLine) continue;
    const parsed = parseRow(text, now);
    if (!parsed.ok) onInvalid(line, parsed.problem);
    else if (parsed.row !== null) {
      yield { line, size: text.length, row: parsed.row };
    }
  }
}

/** Reads everything once before anything is written. Keeps nothing but counts. */
export async function checkSource(
  context: CliContext,
  source: Source,
  options: { fromLine: number; now: number; cutoff: number | null },
): Promise<Checked> {
  const { cutoff } = options;
  const checked: Checked = { rows: 0, invalid: 0, older: 0 };
  const onInvalid = (line: number, problem: string): void => {
    checked.invalid += 1;
    if (checked.invalid <= MAX_SHOWN) note(context, `line ${line}: ${problem}`);
  };
  for await (const { row } of readRows(source, options, onInvalid)) {
    checked.rows += 1;
    if (cutoff !== null && row.lastActive < cutoff) checked.older += 1;
  }
  if (checked.invalid > MAX_SHOWN) {
    note(context, `and ${checked.invalid - MAX_SHOWN} more invalid lines`);
  }
  return checked;
}
