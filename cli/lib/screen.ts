import type { CliContext } from "../context.js";
import { iso } from "./time.js";

/** Where a view that changes is shown: drawn in place on a terminal, line by line elsewhere. */
export interface Screen {
  /** @param text on a terminal; @param line elsewhere, unless it is the last one again */
  show(text: string, line: string): void;
  close(): void;
}

/** @param json lines are for programs: without the time, and on a terminal too */
export async function openScreen(
  context: CliContext,
  { json = false }: { json?: boolean },
): Promise<Screen> {
  if (json) return lines(context, () => "");
  if (!context.stdout.isTTY) {
    return lines(context, () => `${iso(context.now())} `);
  }
  const { createLogUpdate } = await import("log-update");
  const update = createLogUpdate(context.stdout);
  return {
    show: (text) => update(text),
    close: () => update.done(),
  };
}

function lines(context: CliContext, prefix: () => string): Screen {
  let last = "";
  return {
    show(_text, line) {
      if (line === last) return;
      last = line;
      context.stdout.write(`${prefix()}${line}\n`);
    },
    close() {},
  };
}
