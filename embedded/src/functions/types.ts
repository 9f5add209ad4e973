import type { UserIdentity } from "convex/server";
import type { JSONValue } from "convex/values";
import type { TransactionMetricsReport } from "../database/metrics.js";
import type { ReadInterval } from "../database/types.js";
import type { CronSpec } from "../scheduler/cronSpec.js";

/** The kinds of function a deployment runs, as the push protocol writes them. */
export type UdfType = "Query" | "Mutation" | "Action";

/** One pushed module: an ES module, and the runtime it was bundled for. */
export interface ModuleSource {
  readonly path: string;
  readonly source: string;
  readonly sourceMap?: string | undefined;
  readonly environment: "isolate" | "node";
}

/** A function as analysis describes it; `args` and `returns` are validator JSON text. */
export interface AnalyzedFunction {
  readonly name: string;
  readonly pos: null;
  readonly udfType: UdfType;
  readonly visibility: { readonly kind: "public" | "internal" } | null;
  readonly args: string | null;
  readonly returns: string | null;
}

/** A module's exports. Read own properties only, as names come from outside. */
export type ModuleNamespace = Readonly<Record<string, unknown>>;

/** Source of a component instance's functions. */
export interface ModuleLoader {
  /**
   * Loads a module.
   * @param modulePath - with `.js`
   */
  load(modulePath: string): Promise<ModuleNamespace>;
}

/** A component's code, which all its instances share. */
export interface ComponentDefinition {
  readonly modules: ReadonlyMap<string, ModuleSource>;
  /** Functions by module path, `.js` included. */
  readonly analysis: ReadonlyMap<string, readonly AnalyzedFunction[]>;
  readonly schema: JSONValue;
  readonly crons: Readonly<Record<string, CronSpec>>;
}

/** One mounted component; the app itself is the instance with path "". */
export interface ComponentInstance {
  readonly definitionPath: string;
  readonly name: string;
  /** Component paths of the instance's children, by the name they were mounted under. */
  readonly children: Readonly<Record<string, string>>;
  /** Component paths of the children that answer HTTP requests, by path prefix such as `/api/`. */
  readonly httpMounts?: Readonly<Record<string, string>>;
  /** Path prefix of the app's own routes, such as `/api/`. */
  readonly httpPrefix?: string;
  readonly env: Readonly<Record<string, string>>;
}

/** All code of a deployment; replaced as a whole by a push. */
export interface DeployedCode {
  readonly components: ReadonlyMap<string, ComponentInstance>;
  readonly definitions: ReadonlyMap<string, ComponentDefinition>;
}

/** A call from outside of a function. */
export interface UdfRequest {
  /** Component path; "" is the app. */
  readonly componentPath: string;
  /** `mod/path:fn`, with or without `.js`; without a name, the default export. */
  readonly path: string;
  /** An arguments object, or an array that holds only that object. */
  readonly args: JSONValue;
  /** Why the arguments that were sent are none; the call fails with it once its function is found. */
  readonly invalidArgs?: string;
  /** `public` reaches public functions of the app; `admin` reaches everything. */
  readonly access: "public" | "admin";
  /** Journal of an earlier run of the query, whose page ends where it ended then. */
  readonly journal?: string | null;
  /** The identity that `ctx.auth` gives to the app's functions. @default nobody is signed in */
  readonly identity?: UserIdentity | null;
  /** The token that `identity` was read of; an administrator who acts as a user has none. */
  readonly authToken?: string | null;
  readonly requestId?: string;
  readonly ip?: string | null;
  readonly userAgent?: string | null;
}

/** The outcome of a call, as the HTTP API words it. */
export type UdfOutcome = UdfSuccess | UdfError;

/** What a query asked for that is not in the database. */
export interface Asked {
  /** Who is signed in. */
  identity: boolean;
  /** The time. */
  time: boolean;
}

/** The outcome of a query that many may share, and what else it depends on. */
export interface SharedOutcome {
  readonly outcome: UdfOutcome;
  readonly asked: Readonly<Asked>;
}

export interface UdfSuccess {
  readonly status: "success";
  /** The JSON text of the result, for who passes it on. */
  readonly json: string;
  /** The result, parsed from its text each time it is asked for. */
  readonly value: JSONValue;
  readonly logLines: string[];
  /** Queries: timestamp of the snapshot. Mutations: of the commit. Nanoseconds. */
  readonly ts?: bigint;
  /** Queries: the intervals that the result depends on. */
  readonly readSet?: Iterable<ReadInterval>;
  /** Queries that read a page: for {@link UdfRequest.journal} of the next run. */
  readonly journal?: string;
}

export interface UdfError {
  readonly status: "error";
  readonly errorMessage: string;
  /** Data of the thrown ConvexError; absent for other errors. */
  readonly errorData?: JSONValue;
  readonly logLines: string[];
  /** Queries that ran: the snapshot, and the intervals that the failure depends on. */
  readonly ts?: bigint;
  readonly readSet?: Iterable<ReadInterval>;
}

/** Cause of an execution; `action` is a transaction that an action ran. */
export type ExecutionSource = "client" | "scheduler" | "cron" | "action";

/** What a try of a mutation lost against; the names are those of `ConflictCount`. */
export interface LostTry {
  /** Component of the table. */
  readonly componentPath: string;
  /** The table that both were at. */
  readonly table: string;
  /** Id of the document that changed, where it was one. */
  readonly document?: string;
  /** The function that changed it. */
  readonly writeSource: string;
  /** How many tries had lost before. */
  readonly retries: number;
}

/**
 * Emitted once for every query, mutation, action and HTTP action that ran as its own execution, and
 * before that for every try of a mutation that lost.
 */
export interface CompletionEvent {
  /** Where the function's component is mounted, such as `workpool`; empty for the app. */
  readonly componentPath: string;
  /** `mod/path.js:fn`; for an HTTP action its route, such as `GET /hook`. */
  readonly path: string;
  /** What kind of function it was. */
  readonly udfType: UdfType | "HttpAction";
  /** Who called it. */
  readonly source: ExecutionSource;
  /** The request that it belonged to, as logs and errors name it. */
  readonly requestId: string;
  /** Whether it ended without an error, and in a commit if it wrote. */
  readonly ok: boolean;
  /** What it threw; absent where `ok`. */
  readonly error?: string;
  /** Present for a try that lost, after which the mutation runs again under the same request. */
  readonly occ?: LostTry;
  /** When it began, in ms since the epoch by the deployment's clock. */
  readonly startedAtMs: number;
  /** How long it took, in ms. */
  readonly durationMs: number;
  /** What it read and wrote; absent for actions, which have no transaction. */
  readonly metrics?: TransactionMetricsReport;
  /** The timestamp of its commit, in ns since the epoch; absent where it wrote nothing. */
  readonly commitTs?: bigint;
  /** What it logged, as `convex logs` shows it: `[LOG] 'text'`. */
  readonly logLines: readonly string[];
  /** Status of the response of an HTTP action that did not fail. */
  readonly httpStatus?: number;
}
