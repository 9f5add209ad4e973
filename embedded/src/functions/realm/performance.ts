import { currentExecution, type Execution } from "../execution/execution.js";

/** Only this file makes entries, but for marks. */
const KEY = Symbol("key");

class PerformanceEntry {
  readonly name: string;
  readonly entryType: "mark" | "measure";
  readonly startTime: number;
  readonly duration: number;
  readonly detail: unknown;

  constructor(
    key?: symbol,
    fields?: Pick<
      PerformanceEntry,
      "name" | "entryType" | "startTime" | "duration"
    > & { detail: unknown },
  ) {
    if (key !== KEY || fields === undefined) {
      throw new TypeError("Illegal constructor");
    }
    this.name = fields.name;
    this.entryType = fields.entryType;
    this.startTime = fields.startTime;
    this.duration = fields.duration;
    this.detail = structuredClone(fields.detail);
  }

  toJSON(): object {
    return { ...this };
  }

  get [Symbol.toStringTag]() {
    return "PerformanceEntry";
  }
}

class PerformanceMeasure extends PerformanceEntry {
  override get [Symbol.toStringTag]() {
    return "PerformanceMeasure";
  }
}

interface MarkOptions {
  startTime?: number;
  detail?: unknown;
}

interface MeasureOptions {
  start?: string | number;
  end?: string | number;
  duration?: number;
  detail?: unknown;
}

/** User timing: `performance` and its classes, as a context's globals. */
export function performanceGlobals(
  importedAtMs: number,
): Record<string, unknown> {
  /** Entries of what runs; those made while modules are imported are their own. */
  const entriesOf = new WeakMap<object, PerformanceEntry[]>();
  const whileImporting = {};
  const entries = () => {
    const owner = currentExecution() ?? whileImporting;
    const known = entriesOf.get(owner) ?? [];
    entriesOf.set(owner, known);
    return known;
  };
  const keep = (kept: (entry: PerformanceEntry) => boolean) => {
    const all = entries();
    all.splice(0, all.length, ...all.filter(kept));
  };
  const now = () => elapsedMs(importedAtMs);

  class PerformanceMark extends PerformanceEntry {
    constructor(name: string, options?: MarkOptions) {
      const { startTime = now(), detail = null } = options ?? {};
      if (startTime < 0) {
        throw new TypeError(
          `The startTime of a mark cannot be negative: ${startTime}`,
        );
      }
      const entryType = "mark";
      super(KEY, {
        name: String(name),
        entryType,
        startTime,
        duration: 0,
        detail,
      });
    }

    override get [Symbol.toStringTag]() {
      return "PerformanceMark";
    }
  }

  /** The time of a mark, or the time given. */
  const timeOf = (mark: string | number): number => {
    if (typeof mark === "number") {
      if (mark >= 0) return mark;
      throw new TypeError(`Mark cannot be negative: received ${mark}`);
    }
    const found = entries().findLast(
      ({ name, entryType }) => name === mark && entryType === "mark",
    );
    if (found !== undefined) return found.startTime;
    throw new DOMException(`Cannot find mark: "${mark}"`, "SyntaxError");
  };

  class Performance extends EventTarget {
    constructor(key?: symbol) {
      if (key !== KEY) throw new TypeError("Illegal constructor");
      super();
    }

    get timeOrigin() {
      return importedAtMs;
    }

    now() {
      return now();
    }

    mark(name: string, options?: MarkOptions): PerformanceEntry {
      const mark = new PerformanceMark(name, options);
      entries().push(mark);
      return mark;
    }

    measure(
      name: string,
      from?: string | MeasureOptions,
      endMark?: string,
    ): PerformanceEntry {
      const options: MeasureOptions =
        typeof from === "object"
          ? from
          : from === undefined
            ? {}
            : { start: from };
      const { start, duration, detail = null } = options;
      if (endMark !== undefined && typeof from === "object") {
        throw new TypeError('Options cannot be passed with "endMark"');
      }
      const end = endMark ?? options.end;
      if (start !== undefined && end !== undefined && duration !== undefined) {
        throw new TypeError(
          'Cannot specify "start", "end", and "duration" together in options',
        );
      }
      const endTime =
        end !== undefined
          ? timeOf(end)
          : start !== undefined && duration !== undefined
            ? timeOf(start) + duration
            : now();
      const startTime =
        start !== undefined
          ? timeOf(start)
          : end !== undefined && duration !== undefined
            ? endTime - duration
            : 0;
      const measure = new PerformanceMeasure(KEY, {
        name: String(name),
        entryType: "measure",
        startTime,
        duration: endTime - startTime,
        detail,
      });
      entries().push(measure);
      return measure;
    }

    getEntries() {
      return [...entries()];
    }

    getEntriesByType(type: string) {
      return entries().filter(({ entryType }) => entryType === type);
    }

    getEntriesByName(name: string, type?: string) {
      return entries().filter(
        (entry) =>
          entry.name === name &&
          (type === undefined || entry.entryType === type),
      );
    }

    clearMarks(name?: string) {
      keep((e) => e.entryType !== "mark" || (name ?? e.name) !== e.name);
    }

    clearMeasures(name?: string) {
      keep((e) => e.entryType !== "measure" || (name ?? e.name) !== e.name);
    }

    clearResourceTimings() {}

    setResourceTimingBufferSize() {}

    toJSON() {
      return { timeOrigin: importedAtMs };
    }

    get [Symbol.toStringTag]() {
      return "Performance";
    }
  }

  return {
    Performance,
    PerformanceEntry,
    PerformanceMark,
    PerformanceMeasure,
    performance: new Performance(KEY),
  };
}

/** The process's time when a mutation first asked for its own. */
const began = new WeakMap<Execution, number>();

/** Milliseconds since the import. They stand still in queries, and go on in mutations and actions. */
function elapsedMs(importedAtMs: number): number {
  const execution = currentExecution();
  if (execution === undefined) return 0;
  const sinceImportMs = execution.now() - importedAtMs;
  if (execution.fn.udfType !== "Mutation") return sinceImportMs;
  const processMs = performance.now();
  const beganMs = began.get(execution) ?? processMs;
  began.set(execution, beganMs);
  return sinceImportMs + processMs - beganMs;
}
