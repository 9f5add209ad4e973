/**
 * The component's own tables as lines of sessions. The tables may be larger than the memory, and in no
 * order that helps: so all rows of one session are first put into one of many temporary files, and then
 * joined there.
 */
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JSONValue } from "convex/values";
import type { CliContext } from "../../context.js";
import { CliError } from "../../errors.js";
import { SessionLines } from "../export/oneSession.js";
import { note } from "../../terminal/output.js";
import { countOf } from "../../terminal/words.js";
import { dayLine, storedActionText } from "../lineFormat.js";
import { readLines, type Source, type SourceLine } from "./textLines.js";
import type { ZippedTable } from "./zip.js";
import type { Day } from "../../../convex/sessionTracker/shared/days.js";
import { toOpenVisit } from "../../../convex/sessionTracker/shared/transfer/openVisits.js";

export interface TrackerTables {
  sessions: ZippedTable;
  leases: ZippedTable | undefined;
  actions: ZippedTable | undefined;
  visits: ZippedTable | undefined;
  days: ZippedTable | undefined;
}

const KINDS = ["sessions", "leases", "visits", "actions"] as const;
type Kind = (typeof KINDS)[number];

/** The size of a temporary file, which is in memory as a whole. */
const FILE_BYTES = 16 * 1_024 * 1_024;
const MAX_FILES = 256;

/**
 * Reads the tables once, into a folder that `close` removes. The lines are the same each time, and
 * those that `export` writes.
 * @param name of the backup, as people know it
 */
export async function joinTables(
  context: CliContext,
  tables: TrackerTables,
  name: string,
): Promise<Source> {
  const folder = await mkdtemp(join(tmpdir(), "sessions-ops-"));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const files = await partition(tables, folder, name);
    const days = await joinDays(tables.days, name);
    let isRead = false;
    async function* lines(): AsyncGenerator<SourceLine> {
      const left = { leases: 0, visits: 0, actions: 0 };
      let line = 0;
      for (const text of days) {
        line += 1;
        yield { line, text };
      }
      for (const file of files) {
        for await (const text of joined(file, name, left)) {
          line += 1;
          yield { line, text };
        }
      }
      if (!isRead) noteLeft(context, left);
      isRead = true;
    }
    return { name, lines, close };
  } catch (error) {
    await close();
    throw error;
  }
}

// ── Apart ───────────────────────────────────────────────────────────────────

async function partition(
  tables: TrackerTables,
  folder: string,
  name: string,
): Promise<string[]> {
  const size = KINDS.reduce(
    (sum, kind) => sum + (tables[kind]?.sizeBytes ?? 0),
    0,
  );
  const count = Math.min(MAX_FILES, Math.ceil(size / FILE_BYTES) + 1);
  const paths = Array.from({ length: count }, (_, i) => join(folder, `${i}`));
  const files: PartFile[] = [];
  try {
    for (const path of paths) files.push(await PartFile.create(path));
    for (const kind of KINDS) {
      const documents = tables[kind]?.lines() ?? [];
      for await (const { line, text } of documents) {
        const document = parse(text, `${kind}, line ${line}, of ${name}`);
        const part = files[hashOf(sessionOf(kind, document)) % count]!;
        await part.add(`${kind}\t${text}\n`);
      }
    }
    for (const file of files) await file.flush();
  } finally {
    for (const file of files) await file.close();
  }
  return paths;
}

/** A file that is written in large parts. */
class PartFile {
  readonly #handle: FileHandle;
  #pending: string[] = [];
  #chars = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<PartFile> {
    return new PartFile(await open(path, "wx", 0o600));
  }

  async add(text: string): Promise<void> {
    this.#pending.push(text);
    this.#chars += text.length;
    if (this.#chars >= 64 * 1_024) await this.flush();
  }

  async flush(): Promise<void> {
    await this.#handle.appendFile(this.#pending.join(""));
    this.#pending = [];
    this.#chars = 0;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function sessionOf(kind: Kind, document: Document): string {
  const id = document[kind === "sessions" ? "_id" : "session"];
  return typeof id === "string" ? id : "";
}

/** The FNV-1a hash of the text; the same in each run, so that `--from-line` means the same. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

// ── Together ────────────────────────────────────────────────────────────────

type Document = Record<string, JSONValue | undefined>;

interface Part {
  session: Document | null;
  lease: Document | null;
  visits: Document[];
  actions: Document[];
}

async function* joined(
  file: string,
  name: string,
  left: Left,
): AsyncGenerator<string> {
  const parts = new Map<string, Part>();
  for await (const { text } of readLines(createReadStream(file), name)) {
    const tab = text.indexOf("\t");
    const kind = text.slice(0, tab) as Kind;
    const document = parse(text.slice(tab + 1), name);
    const id = sessionOf(kind, document);
    const part = parts.get(id) ?? {
      session: null,
      lease: null,
      visits: [],
      actions: [],
    };
    parts.set(id, part);
    if (kind === "sessions") part.session = document;
    else if (kind === "leases") part.lease = document;
    else if (kind === "visits") part.visits.push(document);
    else part.actions.push(document);
  }
  for (const part of parts.values()) {
    if (part.session !== null) {
      yield* sessionLines(part.session, part);
      continue;
    }
    const { lease, visits, actions } = part;
    left.leases += lease === null ? 0 : 1;
    left.visits += visits.length;
    left.actions += actions.length;
  }
}

/**
 * The sessions as lines. These are checked as those of any file, so that nothing here is taken for
 * valid.
 */
function* sessionLines(
  session: Document,
  { lease, visits, actions }: Omit<Part, "session">,
): Generator<string> {
  const lastActive = lease?.["lastActive"] ?? session["inactiveSince"];
  const { engagedMs = 0 } = session;
  const text = new SessionLines(
    {
      session: { ...session, engagedMs },
      lastActive,
      underWay: lease === null ? null : toOpenVisit(lease as never),
    } as never,
    { visits: 0, actions: 0, lines: 0 },
    { sessionId: session["_id"], ...unknownFields(session) },
  );
  for (const visit of visits.sort((a, b) => startOf(a) - startOf(b))) {
    yield* text.addVisit(visit as never);
  }
  for (const action of actions.sort((a, b) => timeOf(a) - timeOf(b))) {
    yield* text.add(timeOf(action), storedActionText(action as never));
  }
  yield* text.end();
}

const SESSION_FIELDS = new Set([
  "_id",
  "_creationTime",
  "anonymousId",
  "createdAt",
  "state",
  "visits",
  // These fields are reckoned anew, or are over by the time of an import.
  "actionCount",
  "actionMinute",
  "inactiveSince",
  "isStripped",
  "visitIds",
  "visitRows",
  "endReason",
  "blockedUntil",
  "engagedMs",
  "firstEntry",
  "lastVisit",
  "userId",
]);

/** The fields that a later version keeps; the import says that it has no use for them. */
function unknownFields(session: Document): Document {
  return Object.fromEntries(
    Object.entries(session).filter(([field]) => !SESSION_FIELDS.has(field)),
  );
}

function timeOf({ at }: Document): number {
  return typeof at === "number" ? at : 0;
}

function startOf({ startedAt }: Document): number {
  return typeof startedAt === "number" ? startedAt : 0;
}

function parse(text: string, where: string): Document {
  try {
    const value = JSON.parse(text) as JSONValue;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value;
    }
  } catch {
    // The error is said below, together with that for JSON that is no document.
  }
  throw new CliError(
    "failure",
    `${where} is not a document: ${text.slice(0, 60)}`,
  );
}

/** Rows that belong to no session in the backup. */
interface Left {
  leases: number;
  visits: number;
  actions: number;
}

function noteLeft(
  context: CliContext,
  { leases, visits, actions }: Left,
): void {
  if (leases + visits + actions === 0) return;
  const ofVisits = visits === 0 ? "" : `, ${countOf(visits, "visit")}`;
  note(
    context,
    `${countOf(leases, "lease")}${ofVisits} and ${countOf(actions, "action")} in the backup belong to no session in it, and are not imported.`,
  );
}

// ── Days ────────────────────────────────────────────────────────────────────

/** The figures of each day, which several rows have parts of, as lines in the order of days. */
async function joinDays(
  table: ZippedTable | undefined,
  name: string,
): Promise<string[]> {
  const days = new Map<string, Day>();
  for await (const { line, text } of table?.lines() ?? []) {
    const row = parse(text, `days, line ${line}, of ${name}`);
    const day = typeof row["day"] === "string" ? row["day"] : "";
    const known = days.get(day);
    const total = (field: keyof Omit<Day, "day">) =>
      (known?.[field] ?? 0) + Number(row[field]);
    days.set(day, {
      day,
      newVisitors: total("newVisitors"),
      visits: total("visits"),
      bounces: total("bounces"),
      engagedMs: total("engagedMs"),
      actions: total("actions"),
    });
  }
  return [...days]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, day]) => dayLine(day).trimEnd());
}
