/** The choice of a backup's tables: the component's own, or one like the replaced tracker's. */
import type { CliContext } from "../../context.js";
import { CliError } from "../../errors.js";
import { note } from "../../terminal/output.js";
import { printable } from "../../terminal/printable.js";
import { joinTables, type TrackerTables } from "./joinTables.js";
import type { Source } from "./textLines.js";
import { openTables, type ZippedTable } from "./zip.js";

export interface TableChoice {
  /** A table of the app itself, with one document a session. */
  table?: string | undefined;
  /** The component that the sessions go to; of several components in a backup the one that was there. */
  component: string;
  /** Whether somebody named the component, and so says that it is not a table of the app. */
  isComponentNamed: boolean;
}

/** The name of the replaced tracker's table. */
const DEFAULT_TABLE = "sessions";

/** @param name of the file, as people know it */
export async function openBackup(
  context: CliContext,
  path: string,
  name: string,
  choice: TableChoice,
): Promise<Source> {
  const zip = await openTables(path, name);
  const close = () => Promise.resolve(zip.close());
  try {
    const trackers = findTrackers(zip.tables);
    if (choice.table !== undefined || trackers.size === 0) {
      const table = appTable(zip.tables, choice.table ?? DEFAULT_TABLE, name);
      return { name, lines: () => table.lines(), close };
    }
    checkMeant(zip.tables, choice, name);
    const [component, tables] = chooseTracker(trackers, choice, name);
    note(
      context,
      `Reads the sessions of the component ${printable(component)} in ${name}, with all that belongs to them; settings, schedules and runs are not imported.`,
    );
    const joined = await joinTables(context, tables, name);
    return { ...joined, close: () => joined.close().finally(close) };
  } catch (error) {
    zip.close();
    throw error;
  }
}

function appTable(
  tables: readonly ZippedTable[],
  wanted: string,
  name: string,
): ZippedTable {
  const own = tables.filter(({ component }) => component === "");
  const found = own.find(({ table }) => table === wanted);
  if (found !== undefined) return found;
  const names = own.map(({ table }) => printable(table)).join(", ");
  throw new CliError(
    "usage",
    `${name} has no table ${JSON.stringify(wanted)}; it has ${names || "none"}. Name the one with the sessions by --table.`,
  );
}

/** Refuses to guess between the two: an app that moves from the replaced tracker has both for a while. */
function checkMeant(
  tables: readonly ZippedTable[],
  { component, isComponentNamed }: TableChoice,
  name: string,
): void {
  const isBoth = tables.some(
    (one) => one.component === "" && one.table === DEFAULT_TABLE,
  );
  if (!isBoth || isComponentNamed) return;
  throw new CliError(
    "usage",
    `${name} has a table ${DEFAULT_TABLE} of the app, and those of the component. Pass --table ${DEFAULT_TABLE} for the app's, --component ${component} for the component's.`,
  );
}

// ── The component ───────────────────────────────────────────────────────────

/**
 * The tables beside `sessions`, which others call theirs as well; those that nothing was written to may
 * be missing.
 */
const OTHER_TABLES = ["leases", "actions", "ticks", "settingsLog", "runs"];

/** The trackers in a backup by the names they are mounted as, whatever these are. */
function findTrackers(
  tables: readonly ZippedTable[],
): Map<string, TrackerTables> {
  const byComponent = new Map<string, Map<string, ZippedTable>>();
  for (const table of tables) {
    const { component } = table;
    const others = byComponent.get(component) ?? new Map<string, ZippedTable>();
    byComponent.set(component, others.set(table.table, table));
  }
  const trackers = new Map<string, TrackerTables>();
  for (const [component, named] of byComponent) {
    const sessions = named.get("sessions");
    const others = OTHER_TABLES.filter((table) => named.has(table));
    if (component === "" || sessions === undefined || others.length < 2) {
      continue;
    }
    trackers.set(component, {
      sessions,
      leases: named.get("leases"),
      actions: named.get("actions"),
      visits: named.get("visits"),
      days: named.get("days"),
    });
  }
  return trackers;
}

function chooseTracker(
  trackers: ReadonlyMap<string, TrackerTables>,
  { component }: TableChoice,
  name: string,
): [string, TrackerTables] {
  const [only, another] = trackers;
  const sameName = trackers.get(component);
  if (sameName !== undefined) return [component, sameName];
  if (only !== undefined && another === undefined) return only;
  const paths = [...trackers.keys()].map(printable).join(", ");
  throw new CliError(
    "usage",
    `${name} has sessions of ${trackers.size} components (${paths}), none of them mounted at ${component}, where these would go. Name one of them by --component, which is also where they go; or \`npx convex export\` a deployment that has only one.`,
  );
}
