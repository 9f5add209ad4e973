import { isDeepStrictEqual } from "node:util";
import type { Database } from "../database/database.js";
import type { Transaction } from "../database/transactions/transaction.js";
import type { Runtime } from "../functions/runtime.js";
import { evaluateAuthConfig } from "./auth/authProviders.js";
import { SAME_PROCESS, recordEvents, type AuditActor } from "./auditLog.js";
import {
  changeEnvironment,
  environmentEvents,
  readEnvironment,
  writeEnvironment,
  type Environment,
  type EnvironmentChange,
} from "./environment.js";
import { checkRequired } from "./push/components.js";
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

/** Thrown to roll back a change of code that is not the latest any more. */
class Overtaken extends Error {}

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

  /** Forgets an unmounted component, whose tables `remove` drops in the same transaction. */
  async forget(
    componentPath: string,
    remove: (tx: Transaction) => void,
  ): Promise<void> {
    await this.#replace((tx) => {
      remove(tx);
      const unmounted = this.#revision.unmounted.filter(
        (path) => path !== componentPath,
      );
      const next = { ...this.#revision, unmounted };
      writeRevision(tx, next);
      return { revision: next, environment: this.#environment };
    });
  }

  /**
   * Changes variables, and evaluates with them what `auth.config` makes of them.
   * @throws HttpError where the code needs a variable that would be gone
   */
  async changeEnvironment(
    changes: readonly EnvironmentChange[],
    actor: AuditActor = SAME_PROCESS,
  ): Promise<void> {
    if (changes.length === 0) return;
    for (let isDone = false; !isDone;) {
      isDone = await this.#tryChange(changes, actor);
    }
  }

  /** Returns whether the change was made; not where the code was replaced while it was evaluated. */
  async #tryChange(
    changes: readonly EnvironmentChange[],
    actor: AuditActor,
  ): Promise<boolean> {
    const [revision, before] = [this.#revision, this.#environment];
    const environment = changeEnvironment(before, changes);
    const app = revision.definitions.get("");
    if (app !== undefined) checkRequired(app.metadata, changes);
    const auth = await this.#evaluateAuth(revision, environment, changes);
    const overtaken = new Overtaken();
    try {
      await this.#replace((tx) => {
        const isSame = revision === this.#revision;
        if (!isSame || before !== this.#environment) throw overtaken;
        const next = { ...revision, auth };
        if (!isDeepStrictEqual(auth, revision.auth)) writeRevision(tx, next);
        writeEnvironment(tx, changes);
        recordEvents(tx, actor, environmentEvents(before, changes));
        return { revision: next, environment };
      });
      return true;
    } catch (error) {
      if (error !== overtaken) throw error;
      return false;
    }
  }

  async #evaluateAuth(
    { definitions, auth }: CodeRevision,
    environment: Environment,
    changes: readonly EnvironmentChange[],
  ): Promise<CodeRevision["auth"]> {
    const modules = definitions.get("")?.modules ?? new Map();
    try {
      const env = { ...environment, ...this.#builtIn };
      return await evaluateAuthConfig(modules, { env, nowMs: 0 });
    } catch (error) {
      // What was wrong before stays so; it is the next push that is refused for it.
      if (changes.every(({ value }) => value !== null)) return auth;
      throw error;
    }
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
