/** The tables of docs/scaling.md. */
import type { Measured } from "./measured.js";
import { monthOf, purgeOf, usesOf, VISIT } from "./model.js";
import { CLASSES, PLAN, SOURCES } from "./prices.js";

const SIZES = [1_000_000, 10_000_000, 100_000_000];

/** The page's tables by the name of their place in it. */
export function tablesOf(measured: Measured): Record<string, string> {
  return {
    measured: measuredTable(measured),
    purged: purgedTable(measured),
    conflicts: conflictsTable(measured),
    month: monthTable(measured),
    purge: purgeTable(measured),
    limits: limitsTable(measured),
    sources: sourcesTable(),
  };
}

/** The page with these tables in their places, each between `<!-- table NAME -->` and `<!-- end -->`. */
export function withTables(
  page: string,
  tables: Record<string, string>,
): string {
  let filled = page;
  for (const [name, table] of Object.entries(tables)) {
    const place = new RegExp(`(<!-- table ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!place.test(filled))
      throw new Error(`The page has no place for ${name}.`);
    filled = filled.replace(
      place,
      (_, before: string, after: string) => `${before}\n${table}\n\n${after}`,
    );
  }
  return filled;
}

// ── The tables ──────────────────────────────────────────────────────────────

function measuredTable({ operations, purges }: Measured): string {
  const { expire, ...calls } = operations;
  const purge = purges.at(-1)?.purge;
  const names = {
    newVisitor: "a new visitor's first heartbeat",
    idleHeartbeat: "a heartbeat within `touchAfter` of the last write",
    writingHeartbeat: "a heartbeat that writes",
    action: "an action with 100 characters of metadata",
    status: "`status` once",
  } as const;
  const row = (what: string, of: Counts, n = 1) => [
    what,
    number(of.documentsRead / n),
    number(of.documentsWritten / n),
    number(of.bytesRead / n),
    number(of.bytesWritten / n),
  ];
  return table(
    ["", "documents read", "written", "bytes read", "written"],
    [
      ...Object.entries(names).map(([name, what]) =>
        row(what, calls[name as keyof typeof names]),
      ),
      row("a session expired by a run", expire, expire.sessions),
      ...(purge === undefined
        ? []
        : [
            row(
              `a session purged by a run, with ${VISIT.actions} actions`,
              purge,
              purge.sessions,
            ),
          ]),
    ],
  );
}

function purgedTable({ purges }: Measured): string {
  return table(
    [
      "sessions stored",
      "purged",
      "documents read each",
      "written each",
      "calls for 10,000",
    ],
    purges.map(({ sessions, purge }) => [
      whole(sessions),
      whole(purge.sessions),
      (purge.documentsRead / purge.sessions).toFixed(2),
      (purge.documentsWritten / purge.sessions).toFixed(2),
      number((purge.calls * 10_000) / purge.sessions),
    ]),
  );
}

function conflictsTable({ conflicts, commits }: Measured): string {
  if (conflicts === null) return "Not counted in that run.";
  if (conflicts.length === 0) {
    return `None in ${whole(commits)} commits.`;
  }
  return table(
    ["lost its try", "to", "on", "for each 1,000 commits"],
    conflicts.map(({ loser, winner, table: on, count }) => [
      `\`${loser}\``,
      `\`${winner}\``,
      `\`${on}\``,
      number((count * 1_000) / commits),
    ]),
  );
}

function monthTable(measured: Measured): string {
  return table(
    [
      "visitors a month",
      "calls",
      "database I/O",
      "stored",
      "for calls",
      "for I/O",
      "for storage",
      "together",
    ],
    SIZES.map((size) => {
      const { calls, ioGB, storedGB, usd } = monthOf(size, measured);
      return [
        whole(size),
        millions(calls),
        `${number(ioGB)} GB`,
        `${number(storedGB)} GB`,
        dollars(usd.calls),
        dollars(usd.io),
        dollars(usd.storage),
        dollars(usd.calls + usd.io + usd.storage),
      ];
    }),
  );
}

function purgeTable(measured: Measured): string {
  const purges = SIZES.map((size) => ({ size, ...purgeOf(size, measured) }));
  const times = purges[0]?.byDeleteMs.map(({ ms }) => ms) ?? [];
  return table(
    [
      "sessions purged",
      "calls",
      ...times.map((ms) => `at ${ms} ms a delete`),
      "at least, on S16",
      "at least, on S256",
    ],
    purges.map(({ size, transactions, byDeleteMs, atLeast }) => [
      whole(size),
      whole(transactions),
      ...byDeleteMs.map(({ seconds }) => duration(seconds)),
      duration(atLeast.S16),
      duration(atLeast.S256),
    ]),
  );
}

function limitsTable(measured: Measured): string {
  return SIZES.map((size) => {
    const uses = usesOf(size, measured).map(({ limit, part, setting }) => [
      limit,
      percent(part),
      setting,
    ]);
    return `${whole(size)} visitors a month:\n\n${table(["limit, the nearest first", "used", "what to turn"], uses)}`;
  }).join("\n\n");
}

function sourcesTable(): string {
  const { calls, ioGB, storageGB } = PLAN;
  const classes = Object.entries(CLASSES)
    .map(
      ([name, { writtenBytesPerSecond }]) =>
        `${name} ${writtenBytesPerSecond / 1_024 ** 2} MiB/s`,
    )
    .join(", ");
  return table(
    ["what", "value", "from"],
    [
      [
        "calls",
        `${millions(calls.included)} a month included, then $${calls.perMillion} a million`,
        link("limits"),
      ],
      [
        "database I/O",
        `${ioGB.included} GB a month included, then $${ioGB.perGB} a GB`,
        link("limits"),
      ],
      [
        "storage",
        `${storageGB.included} GB included, then $${storageGB.perGB} a GB and month; each index is another copy of its table`,
        link("limits"),
      ],
      ["bytes written a second", classes, link("limits")],
      [SOURCES.call.what, "", link("call")],
      [SOURCES.written.what, "", link("written")],
      [SOURCES.throughput.what, "", link("throughput")],
    ],
  );
}

// ── Helpers ─────────────────────────────────────────────────────────────────

type Counts = Record<
  "documentsRead" | "documentsWritten" | "bytesRead" | "bytesWritten",
  number
>;

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join(
    "\n",
  );
}

function link(name: keyof typeof SOURCES): string {
  return `[${new URL(SOURCES[name].url).host}](${SOURCES[name].url})`;
}

/** Two significant digits and more: what is reckoned is no more exact. */
function number(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(2, Math.floor(Math.log10(Math.abs(value))) + 1);
  return value.toLocaleString("en-US", {
    maximumSignificantDigits: Math.min(digits, 3),
  });
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function millions(value: number): string {
  return `${number(value / 1e6)} M`;
}

function dollars(value: number): string {
  return `$${whole(value)}`;
}

function percent(part: number): string {
  return `${number(part * 100)} %`;
}

function duration(seconds: number): string {
  if (seconds < 100) return `${number(seconds)} s`;
  if (seconds < 100 * 60) return `${number(seconds / 60)} min`;
  if (seconds < 72 * 3_600) return `${number(seconds / 3_600)} h`;
  return `${number(seconds / 86_400)} days`;
}
