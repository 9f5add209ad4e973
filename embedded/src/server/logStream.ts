import type { Clock } from "../clock.js";
import type { CompletionEvent, LostTry } from "../functions/types.js";

/** The answer to `stream_function_logs`. */
export interface LogPage {
  entries: readonly LogEntry[];
  newCursor: number;
}

/** A finished function as the CLI prints it; times are in seconds. */
export interface LogEntry {
  kind: "Completion";
  udfType: CompletionEvent["udfType"];
  identifier: string;
  componentPath: string | null;
  timestamp: number;
  executionTime: number;
  logLines: LogLine[];
  /** For an HTTP action, the status of its response. */
  success: { status: string } | null;
  error: string | null;
  requestId: string;
  executionId: string;
  /** For a try of a mutation that lost, what it lost against. */
  occInfo: OccInfo | null;
  willRetry: boolean;
  cachedResult: false;
  environment: "isolate";
  /** Who called it, where that is known. */
  caller?: string;
}

interface OccInfo {
  tableName: string;
  documentId: string | null;
  writeSource: string;
  componentPath: string | null;
  retryCount: number;
}

interface LogLine {
  messages: string[];
  level: string;
  timestamp: number;
  isTruncated: boolean;
}

const MAX_ENTRIES = 1_000;

/** How long a poll without news is held; the CLI polls again at once. */
const POLL_MS = 60_000;

/** Keeps the latest completions of functions for `convex dev` and `convex logs` to follow. */
export class LogStream {
  readonly #clock: Clock;
  /** Completions as they were told; mostly nobody asks for their entries. */
  readonly #kept: Kept[] = [];
  readonly #waiting = new Set<() => void>();
  /**
   * Cursor of the newest completion. At least the time in milliseconds, so that a cursor of an
   * earlier run is never ahead.
   */
  #newest: number;
  #added = 0;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#newest = Math.floor(clock.now());
  }

  add(event: CompletionEvent): void {
    this.#newest = Math.max(this.#newest + 1, Math.floor(this.#clock.now()));
    this.#added += 1;
    this.#kept.push({
      cursor: this.#newest,
      sequence: this.#added,
      event,
      logLines: [...event.logLines],
    });
    if (this.#kept.length > MAX_ENTRIES) this.#kept.shift();
    this.#wake();
  }

  /**
   * Completions after `cursor`; when `cursor` is the newest, waits for the next one. Cursor 0,
   * which asks for the cursor to go on from, is answered at once.
   * @param onGone registers a listener for when the reader is gone
   */
  async follow(
    cursor: number,
    onGone: (listener: () => void) => void,
  ): Promise<LogPage> {
    if (this.#newest === cursor && !this.#closed) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#clock.clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = this.#clock.setTimeout(done, POLL_MS);
        this.#waiting.add(done);
        onGone(done);
      });
    }
    const after = this.#kept.filter((one) => one.cursor > cursor);
    return { entries: after.map(toLogEntry), newCursor: this.#newest };
  }

  /** Ends the wait of every reader, so that the server can close. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

interface Kept {
  readonly cursor: number;
  /** Number among all completions. */
  readonly sequence: number;
  readonly event: CompletionEvent;
  /** Its lines by then: code that it left behind may log more. */
  readonly logLines: readonly string[];
}

function toLogEntry({ event, sequence, logLines }: Kept): LogEntry {
  return {
    kind: "Completion",
    udfType: event.udfType,
    // The path as people write it: `messages:send`, not `messages.js:send`.
    identifier: event.path.replace(/\.js(?=:)/, "").replace(/:default$/, ""),
    componentPath: event.componentPath === "" ? null : event.componentPath,
    timestamp: event.startedAtMs / 1_000,
    executionTime: event.durationMs / 1_000,
    logLines: logLines.map((line) => toLogLine(line, event.startedAtMs)),
    success:
      event.httpStatus === undefined
        ? null
        : { status: String(event.httpStatus) },
    error: event.error ?? null,
    requestId: event.requestId,
    executionId: `${event.requestId}-${sequence}`,
    occInfo: event.occ === undefined ? null : toOccInfo(event.occ),
    willRetry: event.occ !== undefined,
    cachedResult: false,
    environment: "isolate",
    ...(event.source === "client" ? {} : { caller: CALLERS[event.source] }),
  };
}

/** Convex's names for those who call functions. */
const CALLERS = { scheduler: "Scheduler", cron: "Cron", action: "Action" };

function toOccInfo(occ: LostTry): OccInfo {
  const { table, document = null, writeSource, componentPath, retries } = occ;
  return {
    tableName: table,
    documentId: document,
    writeSource,
    componentPath: componentPath === "" ? null : componentPath,
    retryCount: retries,
  };
}

/** A log line of the runtime, `[LEVEL] text`, in the form the CLI reads. */
function toLogLine(line: string, timestamp: number): LogLine {
  const [, level = "LOG", message = line] =
    /^\[([A-Z]+)\] ([\s\S]*)$/.exec(line) ?? [];
  return { messages: [message], level, timestamp, isTruncated: false };
}
