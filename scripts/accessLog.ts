import { createHmac } from "node:crypto";
import type { ImportRow } from "../cli/deployment/api.js";
import {
  MAX_ACTION_NAME,
  MAX_RESOURCE_ID,
  type Action,
} from "../convex/sessionTracker/shared/sessions.js";

/** One request of a log in the combined format. */
export interface LoggedRequest {
  address: string;
  userAgent: string;
  /** ms since the epoch */
  at: number;
  /** The request line as sent: `GET /path HTTP/1.1`, `-`, or a text that is no HTTP at all. */
  request: string;
  status: number;
  bytes?: number;
  referrer?: string;
}

export interface AccessLogOptions {
  /** A secret that makes the visitors' ids; without it nobody can tell who an id belongs to. */
  salt: string;
  onMalformed: (lineNumber: number, line: string) => void;
}

/**
 * The visitors of a log in order of appearance, each with its requests in order of time. A visitor
 * is an address with a user agent. Memory grows with visitors and their requests: a log does not
 * say which request is a visitor's last.
 */
export async function readVisitors(
  lines: AsyncIterable<string>,
  { salt, onMalformed }: AccessLogOptions,
): Promise<ImportRow[]> {
  const actionsById = new Map<string, Action[]>();
  let lineNumber = 0;
  for await (const line of lines) {
    lineNumber += 1;
    if (line.trim() === "") continue;
    const request = parseCombinedLine(line);
    if (request === null) {
      onMalformed(lineNumber, line);
      continue;
    }
    const id = visitorId(request, salt);
    const actions = actionsById.get(id);
    if (actions === undefined) actionsById.set(id, [toAction(request)]);
    else actions.push(toAction(request));
  }
  return Array.from(actionsById, ([id, actions]) => toRow(id, actions));
}

/** Reads a line. @returns `null` for one that is not in the combined format */
export function parseCombinedLine(line: string): LoggedRequest | null {
  const fields = COMBINED.exec(line)?.groups;
  if (fields === undefined) return null;
  const { address = "", date = "", clock = "", zone = "" } = fields;
  const at = Date.parse(`${date.replaceAll("/", " ")} ${clock} ${zone}`);
  if (Number.isNaN(at)) return null;
  const { bytes = "-", referrer = "-" } = fields;
  return {
    address,
    userAgent: fields["userAgent"] ?? "-",
    at,
    request: unescape(fields["request"] ?? ""),
    status: Number(fields["status"]),
    ...(bytes === "-" ? {} : { bytes: Number(bytes) }),
    ...(referrer === "-" || referrer === ""
      ? {}
      : { referrer: unescape(referrer) }),
  };
}

/** Moves the times of all rows by the same amount, so that the last request was made at `now`. */
export function shiftToNow(rows: ImportRow[], now: number): ImportRow[] {
  const last = rows.reduce((max, row) => Math.max(max, row.lastActive), 0);
  const by = now - last;
  return rows.map(({ anonymousId, createdAt, lastActive, actions = [] }) => ({
    anonymousId,
    createdAt: createdAt + by,
    lastActive: lastActive + by,
    actions: actions.map((action) => ({ ...action, at: action.at + by })),
  }));
}

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The value of a quoted field: servers write a quote within it as `\"`. */
const quoted = (name: string) => `"(?<${name}>(?:[^"\\\\]|\\\\.)*)"`;

/**
 * A line in the combined format. The user name may contain spaces. Many servers are told to log more
 * after the user agent.
 */
const COMBINED = new RegExp(
  [
    String.raw`^(?<address>\S+) \S+ .+?`,
    String.raw`\[(?<date>\d{2}/[A-Z][a-z]{2}/\d{4}):(?<clock>\d{2}:\d{2}:\d{2}) (?<zone>[+-]\d{4})\]`,
    quoted("request"),
    String.raw`(?<status>\d{3}) (?<bytes>\d+|-)`,
    quoted("referrer"),
    quoted("userAgent"),
  ].join(" ") + String.raw`(?:\s.*)?$`,
);

function unescape(field: string): string {
  return field.replace(/\\(["\\])/g, "$1");
}

function visitorId({ address, userAgent }: LoggedRequest, salt: string) {
  const hash = createHmac("sha256", salt).update(`${address}\n${userAgent}`);
  return `log:${hash.digest("hex").slice(0, 32)}`;
}

function toAction({
  at,
  request,
  status,
  bytes,
  referrer,
}: LoggedRequest): Action {
  const http = /^(?<method>[A-Z]+) (?<path>.+?)(?: HTTP\/[\d.]+)?$/.exec(
    request,
  )?.groups;
  const path = http?.["path"];
  return {
    at,
    action: bounded(http?.["method"] ?? "malformed", MAX_ACTION_NAME),
    ...(path === undefined
      ? {}
      : { resourceId: bounded(path, MAX_RESOURCE_ID) }),
    metadata: {
      status,
      ...(bytes === undefined ? {} : { bytes }),
      ...(referrer === undefined
        ? {}
        : { referrer: bounded(referrer, MAX_RESOURCE_ID) }),
    },
  };
}

/** The text cut to a length, never within a surrogate pair: half of one is no valid string for Convex. */
function bounded(text: string, maxLength: number): string {
  return text.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, "");
}

/**
 * A visitor's row, with its actions sorted. Servers log a request when it ends, so the order of lines
 * is not the order of times.
 */
function toRow(anonymousId: string, actions: Action[]): ImportRow {
  actions.sort((a, b) => a.at - b.at);
  return {
    anonymousId,
    createdAt: actions[0]?.at ?? 0,
    lastActive: actions.at(-1)?.at ?? 0,
    actions,
  };
}
