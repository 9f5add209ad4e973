import type { CliContext } from "../context.js";
import { countOf } from "./words.js";
import { printableJson, printableText } from "./printable.js";
import { writeOut } from "./streams.js";
import { iso } from "../time/time.js";
import { rowsOf } from "./wrap.js";

export interface View {
  /** The body, cut at its end where the terminal has too few rows. */
  text: string;
  /** The footer, which has to be seen whatever else is. */
  footer: string;
}

/** The place of a view that changes: drawn in place on a terminal, line by line elsewhere. */
export interface Screen {
  /** @param view on a terminal; @param line elsewhere, unless it is the last one again */
  show(view: View, line: string): void;
  close(): void;
}

/** Opens the screen. @param json lines are for programs: without the time, and on a terminal too */
export async function openScreen(
  context: CliContext,
  { json = false }: { json?: boolean },
): Promise<Screen> {
  if (json) return lines(context, (line) => printableJson(`${line}\n`));
  if (!context.stdout.isTTY) {
    return lines(context, (line) =>
      printableText(`${iso(context.now())} ${line}\n`),
    );
  }
  const { createLogUpdate } = await import("log-update");
  const update = createLogUpdate(context.stdout);
  let shown: View | null = null;
  const draw = () => {
    if (shown !== null) update(printableText(fitted(shown, context.stdout)));
  };
  context.stdout.on("resize", draw);
  return {
    show: (view) => {
      shown = view;
      draw();
    },
    close: () => {
      context.stdout.off("resize", draw);
      update.done();
    },
  };
}

/** The view cut to the terminal's height: a higher one would lose its first lines. */
function fitted(
  { text, footer }: View,
  { rows = 24, columns = 80 }: CliContext["stdout"],
): string {
  const all = text.split("\n");
  const heights = all.map((line) => rowsOf(line, columns));
  const height = sumOf(heights);
  const footerHeight = sumOf(
    footer.split("\n").map((line) => rowsOf(line, columns)),
  );
  // The cursor stands on the last row.
  const room = rows - 1 - footerHeight;
  if (height + 1 <= room) return `${text}\n\n${footer}`;
  let used = 1;
  const shown = all.filter((_line, index) => {
    used += heights[index] ?? 1;
    return used <= room;
  });
  const hidden = `… ${countOf(all.length - shown.length, "more line")} than the terminal has rows for.`;
  return [...shown, hidden, footer].join("\n");
}

function sumOf(heights: number[]): number {
  return heights.reduce((sum, each) => sum + each, 0);
}

function lines(context: CliContext, toLine: (text: string) => string): Screen {
  let last = "";
  return {
    show(_view, line) {
      if (line === last) return;
      last = line;
      writeOut(context, toLine(line));
    },
    close() {},
  };
}
