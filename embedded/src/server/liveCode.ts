import type { Database } from "../database/database.js";
import type { Transaction } from "../database/transactions/transaction.js";
import type { Runtime } from "../functions/runtime.js";
import {
  changeEnvironment,
  readEnvironment,
  writeEnvironment,
  type Environment,
  type EnvironmentChange,
} from "./environment.js";
import {
  EMPTY_REVISION,
  readRevision,
  toDeployedCode,
  writeRevision,
  type CodeRevision,
} from "./push/revision.js";

interface Running {
  revision: CodeRevision;
  environment: Environment;
}

/** The code and environment that run now, and the only way to replace them. */
export class LiveCode {
  readonly #database: Database;
  readonly #runtime: Runtime;
  readonly #builtIn: Environment;
  #revision: CodeRevision = EMPTY_REVISION;
  #environment: Environment = {};

  private constructor(
    database: Database,
    runtime: Runtime,
    builtIn: Environment,
  ) {
    this.#database = database;
    this.#runtime = runtime;
    this.#builtIn = builtIn;
  }

  /**
   * Loads what the last push stored.
   * @param builtIn variables every component sees, such as CONVEX_CLOUD_URL
   */
  static open(
    database: Database,
    runtime: Runtime,
    builtIn: Environment,
  ): LiveCode {
    const live = new LiveCode(database, runtime, builtIn);
    const tx = database.read();
    try {
      live.#prepare({
        revision: readRevision(tx),
        environment: readEnvironment(tx),
      })();
    } finally {
      tx.release();
    }
    return live;
  }

  get revision(): CodeRevision {
    return this.#revision;
  }

  get environment(): Environment {
    return this.#environment;
  }

  get builtIn(): Environment {
    return this.#builtIn;
  }

  /**
   * Puts a push in place, in one transaction with `migrate`; if either throws, the running code
   * stays.
   */
  async push(
    next: CodeRevision,
    migrate: (tx: Transaction) => void,
  ): Promise<void> {
    await this.#replace((tx) => {
      migrate(tx);
      writeRevision(tx, next);
      return { revision: next, environment: this.#environment };
    });
  }

  async changeEnvironment(
    changes: readonly EnvironmentChange[],
  ): Promise<void> {
    if (changes.length === 0) return;
    await this.#replace((tx) => {
      const environment = changeEnvironment(this.#environment, changes);
      writeEnvironment(tx, changes);
      return { revision: this.#revision, environment };
    });
  }

  /**
   * Replaces the running code in the moment of the commit, so that no code meets another version's
   * tables.
   */
  async #replace(change: (tx: Transaction) => Running): Promise<void> {
    let takeOver: (() => void) | undefined;
    const stop = this.#database.onCommit(() => {
      takeOver?.();
      takeOver = undefined;
    });
    let written;
    try {
      written = await this.#database.write((tx) => {
        takeOver = this.#prepare(change(tx));
      });
    } finally {
      stop();
    }
    await written.durable;
  }

  #prepare({ revision, environment }: Running): () => void {
    const install = this.#runtime.prepare(
      toDeployedCode(revision, environment, this.#builtIn),
    );
    return () => {
      install();
      this.#revision = revision;
      this.#environment = environment;
    };
  }
}
