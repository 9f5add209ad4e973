/**
 * Watches every transaction that convex-test runs, those of child components and of scheduled
 * functions included, at the one place all of them pass: the system calls.
 */
interface Syscalls {
  syscall: (op: string, args: string) => string;
  asyncSyscall: (op: string, args: string) => Promise<string>;
  jsSyscall: (op: string, args: Record<string, unknown>) => Promise<unknown>;
}
declare global {
  // The runtime keeps its system calls in this global, and so does convex-test.
  var Convex: Syscalls;
}

/** A mutation called from outside, from the scheduler or from an action, with all functions that it calls. */
export interface Transaction {
  component: string;
  /** `module:function` */
  name: string;
  documentsRead: number;
  documentsWritten: number;
  /** Read intervals as the real backend counts them: each write by id reads by id as well. */
  intervals: number;
}

export interface Recording {
  transactions: Transaction[];
  tablesRead: Set<string>;
  tablesWritten: Set<string>;
  idsRead: Set<string>;
  /** The ids of rows that were changed or deleted, without those of new rows. */
  idsWritten: Set<string>;
}

/** Records the transactions that run while `work` does. Queries from outside add to the sets only. */
export async function record(work: () => Promise<unknown>): Promise<Recording> {
  const original = globalThis.Convex;
  const recorder = new Recorder(original);
  globalThis.Convex = recorder;
  try {
    await work();
  } finally {
    globalThis.Convex = original;
  }
  return recorder.recording();
}

export function totals(transactions: Transaction[]) {
  const sum = { calls: transactions.length, reads: 0, writes: 0 };
  for (const { documentsRead, documentsWritten } of transactions) {
    sum.reads += documentsRead;
    sum.writes += documentsWritten;
  }
  return sum;
}

interface FunctionMetadata {
  name: string;
  componentPath: string;
}

/** A transaction that may still go on. */
interface Open extends Transaction {
  byId: number;
  /** The functions that the transaction called and that have not returned. */
  nested: number;
}

interface Totals {
  documentsRead: { used: number };
  documentsWritten: { used: number };
  databaseQueries: { used: number };
}

class Recorder implements Syscalls {
  readonly #original: Syscalls;
  readonly #transactions: Open[] = [];
  /** The last transaction of each request. */
  readonly #current = new Map<string, Open>();
  readonly #tablesRead = new Set<string>();
  readonly #tablesWritten = new Set<string>();
  readonly #idsRead = new Set<string>();
  readonly #idsWritten = new Set<string>();

  constructor(original: Syscalls) {
    this.#original = original;
  }

  recording(): Recording {
    return {
      transactions: this.#transactions,
      tablesRead: this.#tablesRead,
      tablesWritten: this.#tablesWritten,
      idsRead: this.#idsRead,
      idsWritten: this.#idsWritten,
    };
  }

  get jsSyscall() {
    return this.#original.jsSyscall;
  }

  syscall = (op: string, args: string): string => {
    if (op === "1.0/queryStream") {
      const { source } = (
        JSON.parse(args) as {
          query: { source: { tableName?: string; indexName?: string } };
        }
      ).query;
      this.#tablesRead.add(
        source.tableName ?? source.indexName?.split(".")[0] ?? "",
      );
    }
    return this.#original.syscall(op, args);
  };

  asyncSyscall = async (op: string, args: string): Promise<string> => {
    const { asyncSyscall } = this.#original;
    const ask = async <Answer>(about: string) =>
      JSON.parse(await asyncSyscall(about, "{}")) as Answer;

    // A query has no request; the mutation that called it counts its reads.
    const request = await ask<{ requestId: string }>(
      "1.0/getRequestMetadata",
    ).catch(() => null);
    // An action reads and writes nothing itself.
    if (request === null || op.startsWith("1.0/actions/")) {
      return await this.#passed(op, args, null);
    }
    const { requestId } = request;
    const of = await ask<FunctionMetadata>("1.0/getFunctionMetadata");
    const before = await ask<Totals>("1.0/getTransactionMetrics");
    const transaction = this.#transactionOf(requestId, of, before);
    if (op === "1.0/runUdf") transaction.nested += 1;
    try {
      return await this.#passed(op, args, transaction);
    } finally {
      if (op === "1.0/runUdf") transaction.nested -= 1;
      const used = await ask<Totals>("1.0/getTransactionMetrics");
      transaction.documentsRead = used.documentsRead.used;
      transaction.documentsWritten = used.documentsWritten.used;
      transaction.intervals = used.databaseQueries.used + transaction.byId;
    }
  };

  async #passed(
    op: string,
    args: string,
    transaction: Open | null,
  ): Promise<string> {
    const result = await this.#original.asyncSyscall(op, args);
    this.#note(op, args, result, transaction);
    return result;
  }

  /** The mutations that an action calls are one request, one after the other. */
  #transactionOf(
    requestId: string,
    of: FunctionMetadata,
    { documentsRead }: Totals,
  ): Open {
    const current = this.#current.get(requestId);
    const isPart =
      current !== undefined &&
      (current.nested > 0 ||
        (current.name === of.name &&
          current.component === of.componentPath &&
          // A function that starts anew is another call of the same function.
          documentsRead.used >= current.documentsRead));
    if (isPart) return current;
    const transaction: Open = {
      component: of.componentPath,
      name: of.name,
      documentsRead: 0,
      documentsWritten: 0,
      intervals: 0,
      byId: 0,
      nested: 0,
    };
    this.#transactions.push(transaction);
    this.#current.set(requestId, transaction);
    return transaction;
  }

  #note(
    op: string,
    args: string,
    result: string,
    transaction: { byId: number } | null,
  ): void {
    const { table, id } = JSON.parse(args) as { table?: string; id?: string };
    switch (op) {
      case "1.0/get":
        this.#tablesRead.add(table ?? "");
        this.#idsRead.add(id ?? "");
        break;
      case "1.0/queryStreamNext": {
        const { value } = JSON.parse(result) as { value: { _id: string } };
        if (value !== null) this.#idsRead.add(value._id);
        break;
      }
      case "1.0/shallowMerge":
      case "1.0/replace":
      case "1.0/remove":
        if (transaction !== null) transaction.byId += 1;
        this.#tablesWritten.add(table ?? "");
        this.#idsWritten.add(id ?? "");
        break;
      case "1.0/insert":
        this.#tablesWritten.add(table ?? "");
        break;
      default:
    }
  }
}
