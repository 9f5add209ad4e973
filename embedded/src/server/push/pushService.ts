import { randomUUID } from "node:crypto";
import type { JSONValue } from "convex/values";
import type { Clock } from "../../clock.js";
import type { Database } from "../../database/database.js";
import { applySchema } from "../../database/schema/schema.js";
import type { Transaction } from "../../database/transactions/transaction.js";
import { EmbeddedError } from "../../errors.js";
import { applyCrons } from "../../scheduler/crons.js";
import { releaseHeldJobs } from "../../scheduler/heldJobs.js";
import { recordEvents, type AuditActor, type AuditEvent } from "../auditLog.js";
import type { Environment } from "../environment.js";
import { HttpError, badRequest } from "../http/http.js";
import type { LiveCode } from "../liveCode.js";
import { checkEnvironment } from "./components.js";
import {
  componentDefinitions,
  diffRevisions,
  type ComponentDiff,
} from "./diff.js";
import { evaluatePush } from "./evaluate.js";
import { moduleHash, parsePushRequest } from "./request.js";
import { cronsOf, type CodeRevision } from "./revision.js";
import { Preparation, type SchemaProgress } from "./preparation.js";
import { startPushResponse } from "./startResponse.js";

/** The answer of `wait_for_schema`. */
export type SchemaStatus =
  | { type: "inProgress"; components: Record<string, SchemaProgress> }
  | { type: "complete" }
  | { type: "raceDetected" }
  | {
      type: "failed";
      error: string;
      componentPath: string;
      tableName: string | null;
    };

/** The answer of `finish_push`. */
export interface FinishPushDiff {
  authDiff: { added: string[]; removed: string[] };
  definitionDiffs: Record<string, never>;
  componentDiffs: Record<string, ComponentDiff>;
}

/** How a push is to be ended. */
export interface FinishOptions {
  readonly dryRun: boolean;
  /** What whoever pushes says of it. */
  readonly message: string | null;
  readonly actor: AuditActor;
}

interface PendingPush {
  readonly previous: CodeRevision;
  readonly environment: Environment;
  readonly next: CodeRevision;
  readonly dryRun: boolean;
  readonly preparation: Preparation;
}

/** Limit for started pushes; the CLI finishes one within seconds or never. */
const MAX_PENDING = 4;

/**
 * The three steps by which the CLI replaces the code: start evaluates the new code, wait fills the
 * indexes that it adds to large tables and tries its schemas on the stored documents, finish puts
 * everything in place in one transaction. A failure in any step leaves the running code as it is.
 */
export class PushService {
  readonly #database: Database;
  readonly #live: LiveCode;
  readonly #clock: Clock;
  readonly #pending = new Map<string, PendingPush>();

  constructor(database: Database, live: LiveCode, clock: Clock) {
    this.#database = database;
    this.#live = live;
    this.#clock = clock;
  }

  async start(body: Record<string, unknown>): Promise<Record<string, unknown>> {
    const { revision: previous, environment } = this.#live;
    const request = parsePushRequest(body, (path, sha256) => {
      const module = previous.definitions.get("")?.modules.get(path);
      return module !== undefined && moduleHash(module) === sha256
        ? module
        : undefined;
    });
    const next = await evaluatePush(request, previous, {
      env: { ...environment, ...this.#live.builtIn },
      nowMs: this.#clock.now(),
    });
    checkEnvironment(next.definitions.get("")!.metadata, environment);
    const pushId = randomUUID();
    this.#remember(pushId, {
      previous,
      environment,
      next,
      dryRun: request.dryRun,
      preparation: new Preparation(this.#database),
    });
    return startPushResponse(pushId, previous, next, environment);
  }

  /**
   * The outcome of the preparation, or its progress after `timeoutMs`.
   * @param schemaChange as `start_push` answered it
   */
  async waitForSchema(
    schemaChange: unknown,
    timeoutMs: number,
  ): Promise<SchemaStatus> {
    const push = this.#find(schemaChange);
    if (push === undefined || !this.#isCurrent(push)) {
      return { type: "raceDetected" };
    }
    const { preparation } = push;
    const status = preparation.outcome(() => this.#prepare(push));
    let timer: unknown;
    const late = new Promise<SchemaStatus>((resolve) => {
      const answer = () =>
        resolve({ type: "inProgress", components: preparation.progress });
      timer = this.#clock.setTimeout(answer, timeoutMs);
    });
    try {
      return await Promise.race([status, late]);
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  /**
   * Puts the push in place.
   * @param schemaChange as `start_push` answered it
   */
  async finish(
    schemaChange: unknown,
    { dryRun, message, actor }: FinishOptions,
  ): Promise<FinishPushDiff> {
    const push = this.#find(schemaChange);
    if (push === undefined) throw raceDetected();
    const diff: FinishPushDiff = {
      authDiff: diffProviders(push.previous, push.next),
      definitionDiffs: {},
      componentDiffs: diffRevisions(push.previous, push.next),
    };
    if (!dryRun && !push.dryRun) {
      if (!this.#isCurrent(push)) throw raceDetected();
      // For a client that did not wait for the schema, the preparation runs here.
      await push.preparation.outcome(() => push.preparation.build(push.next));
      try {
        await this.#live.push(push.next, (tx) => {
          if (!this.#isCurrent(push)) throw raceDetected();
          applySchemas(tx, push);
          replaceCrons(tx, push, this.#clock.now());
          if (hasOtherCode(push)) releaseHeldJobs(tx);
          recordEvents(tx, actor, [pushEvent(diff, message)]);
        });
        push.preparation.finish();
      } catch (error) {
        await push.preparation.discard();
        throw error;
      }
    }
    return diff;
  }

  #remember(pushId: string, push: PendingPush): void {
    this.#pending.set(pushId, push);
    for (const [oldest, { preparation }] of this.#pending) {
      if (this.#pending.size <= MAX_PENDING) break;
      this.#pending.delete(oldest);
      // Nobody waits for the end of the preparation; a failure is found again at the next start.
      void preparation.abandon().catch(() => undefined);
    }
  }

  #find(schemaChange: unknown): PendingPush | undefined {
    const { schemaIds } = (schemaChange ?? {}) as { schemaIds?: unknown };
    const { pushId } = (schemaIds ?? {}) as { pushId?: unknown };
    if (typeof pushId === "string") return this.#pending.get(pushId);
    throw badRequest(
      "InvalidPushRequest",
      "schemaChange must be the one that start_push answered.",
    );
  }

  #isCurrent(push: PendingPush): boolean {
    return (
      push.previous === this.#live.revision &&
      push.environment === this.#live.environment
    );
  }

  async #prepare(push: PendingPush): Promise<SchemaStatus> {
    if (!push.dryRun) await push.preparation.build(push.next);
    const status = await this.#trySchemas(push);
    if (status.type !== "complete") await push.preparation.discard();
    return status;
  }

  async #trySchemas(push: PendingPush): Promise<SchemaStatus> {
    const trial = new TrialOver();
    try {
      await this.#database.write((tx) => {
        applySchemas(tx, push);
        throw trial;
      });
      throw new EmbeddedError("internal", "A schema trial was committed.");
    } catch (error) {
      if (error === trial) return { type: "complete" };
      if (!(error instanceof SchemaRefused)) throw error;
      return {
        type: "failed",
        error: error.message,
        componentPath: error.componentPath,
        tableName: null,
      };
    }
  }
}

function diffProviders(previous: CodeRevision, next: CodeRevision) {
  const [before, after] = [previous, next].map(
    ({ auth }) => new Set(auth.map((provider) => JSON.stringify(provider))),
  ) as [Set<string>, Set<string>];
  return {
    added: [...after].filter((provider) => !before.has(provider)),
    removed: [...before].filter((provider) => !after.has(provider)),
  };
}

/** A push as the audit log has it. */
function pushEvent(
  { authDiff, componentDiffs }: FinishPushDiff,
  message: string | null,
): AuditEvent {
  return {
    action: "push_config_with_components",
    metadata: {
      auth_diff: authDiff,
      component_diffs: Object.entries(componentDiffs).map(([path, diff]) => ({
        component_path: path === "" ? null : path,
        component_diff: diff as unknown as JSONValue,
      })),
      ...(message === null ? {} : { message }),
      node_version_diff: null,
    },
  };
}

/** Thrown to roll back the write in which schemas were tried. */
class TrialOver extends Error {}

/** Refusal of a schema that its component's documents, or the database, do not accept. */
class SchemaRefused extends HttpError {
  readonly componentPath: string;

  constructor(componentPath: string, cause: EmbeddedError) {
    super(400, "SchemaValidationFailed", cause.message, { cause });
    this.componentPath = componentPath;
  }
}

function applySchemas(
  tx: Transaction,
  { next, preparation }: PendingPush,
): void {
  for (const [path, { schema }] of componentDefinitions(next)) {
    try {
      const { built, remaining } = preparation;
      applySchema(tx, path, schema, built, remaining);
    } catch (error) {
      if (!(error instanceof EmbeddedError)) throw error;
      throw new SchemaRefused(path, error);
    }
  }
}

/** Replaces the crons. Unmounted components keep their documents, but their crons no longer run. */
function replaceCrons(
  tx: Transaction,
  { next }: PendingPush,
  nowMs: number,
): void {
  for (const [path, definition] of componentDefinitions(next)) {
    applyCrons(tx, path, cronsOf(definition), nowMs);
  }
  for (const path of next.unmounted) applyCrons(tx, path, {}, nowMs);
}

/** Whether any module differs. `serve` pushes at every start, also code that has not changed. */
function hasOtherCode({ previous, next }: PendingPush): boolean {
  const [before, after] = [previous, next].map(({ definitions }) =>
    [...definitions].flatMap(([path, { modules }]) =>
      [...modules.values()]
        .map((module) => `${path} ${module.path} ${moduleHash(module)}`)
        .sort(),
    ),
  ) as [string[], string[]];
  return before.join("\n") !== after.join("\n");
}

function raceDetected(): HttpError {
  return new HttpError(
    400,
    "RaceDetected",
    "The deployment's code or environment variables changed during this push. Push again.",
  );
}
