import { EmbeddedError } from "../errors.js";
import { formatBytes } from "./values/displayValue.js";
import {
  MAX_DOCUMENT_BYTES,
  MAX_DOCUMENT_NESTING,
  type Measure,
} from "./values/documentSize.js";

/** Limits of one transaction, by Convex's own names. */
export interface TransactionLimits {
  bytesRead: number;
  bytesWritten: number;
  /** Intervals of index keys; repeated reads of one interval count once. */
  databaseQueries: number;
  documentsRead: number;
  documentsWritten: number;
  functionsScheduled: number;
  scheduledFunctionArgsBytes: number;
}

export type MetricName = keyof TransactionLimits;

/** The answer of `1.0/getTransactionMetrics`. */
export type TransactionMetricsReport = Record<
  | MetricName
  | "filesWritten"
  | "fileWriteBytes"
  | "filesRead"
  | "fileReadBytes",
  { used: number; remaining: number }
>;

const MiB = 1024 * 1024;

/** The limits of Convex's own backend. */
export const DEFAULT_LIMITS: Readonly<TransactionLimits> = {
  bytesRead: 16 * MiB,
  bytesWritten: 16 * MiB,
  databaseQueries: 4096,
  documentsRead: 32_000,
  documentsWritten: 16_000,
  functionsScheduled: 1000,
  scheduledFunctionArgsBytes: 16 * MiB,
};

const METRIC_NAMES = Object.keys(DEFAULT_LIMITS) as MetricName[];

/** Counts that go back when a nested call rolls back; its reads happened and stay. */
const UNDONE_BY_ROLLBACK = [
  "bytesWritten",
  "documentsWritten",
  "functionsScheduled",
  "scheduledFunctionArgsBytes",
] as const satisfies readonly MetricName[];

/** The state in which a nested call began. */
export interface MetricsMark {
  used: TransactionLimits;
  limits: TransactionLimits;
  large: ReadonlyMap<string, Measure>;
}

/** Share of a limit beyond which Convex warns of it. */
export const WARNING_RATIO = 0.8;

const LARGE: Measure = {
  size: Math.floor(MAX_DOCUMENT_BYTES * WARNING_RATIO),
  nesting: Math.floor(MAX_DOCUMENT_NESTING * WARNING_RATIO),
};

/** Usage of one transaction against its limits; a use beyond one throws "limitExceeded". */
export class TransactionMetrics {
  #limits: TransactionLimits;
  readonly #used: TransactionLimits = {
    bytesRead: 0,
    bytesWritten: 0,
    databaseQueries: 0,
    documentsRead: 0,
    documentsWritten: 0,
    functionsScheduled: 0,
    scheduledFunctionArgsBytes: 0,
  };
  /** Written documents that are near to what one may be, by id. */
  #large: ReadonlyMap<string, Measure> = new Map();
  #largestArgsBytes = 0;

  constructor(limits: Partial<TransactionLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  countRead(bytes: number): void {
    this.#add("documentsRead", 1);
    this.#add("bytesRead", bytes);
  }

  countWrite(id: string, written: Measure): void {
    this.#add("documentsWritten", 1);
    this.#add("bytesWritten", written.size);
    const isLarge =
      written.size > LARGE.size || written.nesting > LARGE.nesting;
    if (!isLarge && !this.#large.has(id)) return;
    const large = new Map(this.#large);
    if (isLarge) large.set(id, written);
    else large.delete(id);
    this.#large = large;
  }

  countScheduled(argsBytes: number): void {
    this.#add("functionsScheduled", 1);
    this.#add("scheduledFunctionArgsBytes", argsBytes);
    this.#largestArgsBytes = Math.max(this.#largestArgsBytes, argsBytes);
  }

  /** What was used so far. */
  get used(): Readonly<TransactionLimits> {
    return this.#used;
  }

  /** Written documents that are near to the limits of one, by id. */
  get largeDocuments(): ReadonlyMap<string, Measure> {
    return this.#large;
  }

  /** Size of the largest arguments among those of scheduled functions. */
  get largestArgsBytes(): number {
    return this.#largestArgsBytes;
  }

  /** Sets the number of intervals, which also shrinks, when a read joins two. */
  setIntervals(count: number): void {
    this.#add("databaseQueries", count - this.#used.databaseQueries);
  }

  /**
   * Begins a nested call; `limits` are its own budget and can only lower the rest of its caller's.
   */
  enter(limits: Partial<TransactionLimits> = {}): MetricsMark {
    const mark = {
      used: { ...this.#used },
      limits: this.#limits,
      large: this.#large,
    };
    this.#limits = { ...this.#limits };
    for (const name of METRIC_NAMES) {
      const budget = limits[name];
      if (budget !== undefined) {
        this.#limits[name] = Math.min(
          this.#limits[name],
          this.#used[name] + budget,
        );
      }
    }
    return mark;
  }

  leave(mark: MetricsMark, outcome: "commit" | "rollback"): void {
    this.#limits = mark.limits;
    if (outcome === "rollback") {
      for (const name of UNDONE_BY_ROLLBACK) {
        this.#used[name] = mark.used[name];
      }
      this.#large = mark.large;
    }
  }

  report(): TransactionMetricsReport {
    const metric = (name: MetricName) => ({
      used: this.#used[name],
      remaining: Math.max(0, this.#limits[name] - this.#used[name]),
    });
    const none = { used: 0, remaining: 0 };
    return {
      bytesRead: metric("bytesRead"),
      bytesWritten: metric("bytesWritten"),
      databaseQueries: metric("databaseQueries"),
      documentsRead: metric("documentsRead"),
      documentsWritten: metric("documentsWritten"),
      functionsScheduled: metric("functionsScheduled"),
      scheduledFunctionArgsBytes: metric("scheduledFunctionArgsBytes"),
      filesWritten: none,
      fileWriteBytes: none,
      filesRead: none,
      fileReadBytes: none,
    };
  }

  #add(name: MetricName, amount: number): void {
    this.#used[name] += amount;
    if (amount > 0 && this.#used[name] > this.#limits[name]) {
      throw new EmbeddedError(
        "limitExceeded",
        limitText(name, this.#limits[name]),
      );
    }
  }
}

/** What to do about too many reads. */
export const READ_LESS =
  "Consider using smaller limits in your queries, paginating your queries, " +
  "or using indexed queries with a selective index range expressions.";

function limitText(name: MetricName, limit: number): string {
  const where = "in a single function execution";
  switch (name) {
    case "documentsRead":
      return `Too many documents read ${where} (limit: ${limit}). ${READ_LESS}`;
    case "bytesRead":
      return `Too many bytes read ${where} (limit: ${limit} bytes). ${READ_LESS}`;
    case "databaseQueries":
      return `Too many reads ${where} (limit: ${limit}). ${READ_LESS}`;
    case "documentsWritten":
      return `Too many writes ${where} (limit: ${limit})`;
    case "bytesWritten":
      return `Too many bytes written ${where} (limit: ${formatBytes(limit)})`;
    case "functionsScheduled":
      return `Too many functions scheduled by this mutation (limit: ${limit})`;
    case "scheduledFunctionArgsBytes":
      return `Too large total size of the arguments of scheduled functions from this mutation (limit: ${formatBytes(limit)})`;
    default:
      return name satisfies never;
  }
}
