import type { UserIdentity } from "convex/server";
import type { JSONValue } from "convex/values";
import type { TransactionMetricsReport } from "../database/metrics.js";
import type { ReadInterval } from "../database/types.js";
import type { CronSpec } from "../scheduler/cronSpec.js";

/** The kinds of function a deployment runs, as the push protocol writes them. */
export type UdfType = "Query" | "Mutation" | "Action";

/** One pushed module: an ES module, and which runtime it was bundled for. */
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

/** A module's exports; read own properties only, names come from outside. */
export type ModuleNamespace = Readonly<Record<string, unknown>>;

/** Where a component instance's functions come from. */
export interface ModuleLoader {
  /** @param modulePath - with `.js` */
  load(modulePath: string): Promise<ModuleNamespace>;
}

/** A component as written: what every instance of it shares. */
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
  /** Component paths of its own children, by the name they were mounted under. */
  readonly children: Readonly<Record<string, string>>;
  /** Component paths of the children that answer HTTP requests, by path prefix such as `/api/`. */
  readonly httpMounts?: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

/** All code of a deployment; replaced as a whole by a push. */
export interface DeployedCode {
  readonly components: ReadonlyMap<string, ComponentInstance>;
  readonly definitions: ReadonlyMap<string, ComponentDefinition>;
}

/** A call that comes from outside a function. */
export interface UdfRequest {
  /** "" is the app. */
  readonly componentPath: string;
  /** `mod/path:fn`, with or without `.js`; without a name it is the default export. */
  readonly path: string;
  /** An arguments object, or an array that holds just that. */
  readonly args: JSONValue;
  /** `public` reaches public functions of the app; `admin` reaches everything. */
  readonly access: "public" | "admin";
  /** Of a query that ran before: its page ends where it ended then. */
  readonly journal?: string | null;
  /** What `ctx.auth` tells the app's functions. @default nobody is signed in */
  readonly identity?: UserIdentity | null;
  readonly requestId?: string;
  readonly ip?: string | null;
  readonly userAgent?: string | null;
}

/** What a call ended in, as the HTTP API words it. */
export type UdfOutcome = UdfSuccess | UdfError;

export interface UdfSuccess {
  readonly status: "success";
  readonly value: JSONValue;
  readonly logLines: string[];
  /** Queries: the snapshot. Mutations: the commit. Nanoseconds. */
  readonly ts?: bigint;
  /** Queries: what the result depends on. */
  readonly readSet?: Iterable<ReadInterval>;
  /** Queries that read a page: for {@link UdfRequest.journal} of the next run. */
  readonly journal?: string;
}

export interface UdfError {
  readonly status: "error";
  readonly errorMessage: string;
  /** Present only for a ConvexError. */
  readonly errorData?: JSONValue;
  readonly logLines: string[];
  /** Queries that ran: the snapshot, and what the failure depends on. */
  readonly ts?: bigint;
  readonly readSet?: Iterable<ReadInterval>;
}

/** Who caused an execution; `action` is a transaction that an action ran. */
export type ExecutionSource = "client" | "scheduler" | "cron" | "action";

/** Told once for every query, mutation, action and HTTP action that ran as its own execution. */
export interface CompletionEvent {
  readonly componentPath: string;
  /** `mod/path.js:fn`; the route of an HTTP action, such as `GET /hook`. */
  readonly path: string;
  readonly udfType: UdfType | "HttpAction";
  readonly source: ExecutionSource;
  readonly requestId: string;
  readonly ok: boolean;
  readonly error?: string;
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Absent for actions, which have no transaction. */
  readonly metrics?: TransactionMetricsReport;
  readonly commitTs?: bigint;
  readonly logLines: readonly string[];
}
