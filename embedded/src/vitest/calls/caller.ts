import {
  getFunctionAddress,
  type DefaultFunctionArgs,
  type FunctionReference,
  type FunctionReturnType,
  type FunctionVisibility,
  type GenericActionCtx,
  type GenericDataModel,
  type GenericMutationCtx,
  type GenericQueryCtx,
  type OptionalRestArgs,
  type UserIdentity,
} from "convex/server";
import {
  ConvexError,
  convexToJson,
  jsonToConvex,
  type JSONValue,
  type Value,
} from "convex/values";
import { ConvexClient } from "convex/browser";
import type { FunctionFailure } from "../../functions/failure.js";
import { missingAnyFunction } from "../../functions/functionEntry.js";
import { newRequestId } from "../../functions/requests.js";
import type { UdfOutcome, UdfType } from "../../functions/types.js";
import type { DeploymentParts } from "../../parts.js";
import { customIdentity } from "../../server/auth/userIdentity.js";
import { connect, type ClientClass, type Connectable } from "./clients.js";
import { toIdentity, type TestIdentity } from "./identities.js";
import { inlineEntry, inlineFunction, type InlineHandler } from "./inline.js";

type Reference<Kind extends "query" | "mutation" | "action"> =
  FunctionReference<Kind, FunctionVisibility>;

/** Context of code that a test runs in a transaction: all of a mutation's, and files as actions have them. */
export type RunCtx<DataModel extends GenericDataModel> =
  GenericMutationCtx<DataModel> & Pick<GenericActionCtx<DataModel>, "storage">;

/** Where a request comes from, as `ctx.meta` tells it. */
export interface RequestMetadata {
  /** The caller's IP address. @default null */
  ip?: string | null;
  /** What the caller's program calls itself. @default null */
  userAgent?: string | null;
}

/** Who calls, and the functions of which component. */
export interface Who {
  readonly componentPath: string;
  readonly identity: TestIdentity | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** The deployment that is called. */
export interface Called extends Connectable {
  /** Runs a call on the present life; fails when that ends meanwhile. */
  call<T>(run: (parts: DeploymentParts) => Promise<T>): Promise<T>;
  /** Answers a request for an HTTP action. */
  request(request: Request): Promise<Response>;
  /** A token that the deployment takes for the identity. */
  tokenOf(identity: TestIdentity): string;
}

/** Calls a deployment: as a test, which may call whatever there is, or as one of its users. */
export class Caller<DataModel extends GenericDataModel> {
  readonly #called: Called;
  readonly #who: Who;

  /** @internal */
  constructor(called: Called, who: Who) {
    this.#called = called;
    this.#who = who;
  }

  /**
   * Calls a query, public or internal, or runs one that is written on the spot.
   * @throws ConvexError what the function threw; Error any other failure, with the text that clients see
   */
  query<Ref extends Reference<"query">>(
    query: Ref,
    ...args: OptionalRestArgs<Ref>
  ): Promise<FunctionReturnType<Ref>>;
  query<Output>(
    query: (ctx: GenericQueryCtx<DataModel>) => Promise<Output>,
  ): Promise<Output>;
  query(query: Reference<"query"> | InlineHandler, args?: DefaultFunctionArgs) {
    return this.#call("Query", query, args);
  }

  /** Calls a mutation, as {@link query} does. A mutation on the spot may run again, as any other. */
  mutation<Ref extends Reference<"mutation">>(
    mutation: Ref,
    ...args: OptionalRestArgs<Ref>
  ): Promise<FunctionReturnType<Ref>>;
  mutation<Output>(
    mutation: (ctx: GenericMutationCtx<DataModel>) => Promise<Output>,
  ): Promise<Output>;
  mutation(
    mutation: Reference<"mutation"> | InlineHandler,
    args?: DefaultFunctionArgs,
  ) {
    return this.#call("Mutation", mutation, args);
  }

  /** Calls an action, as {@link query} does. */
  action<Ref extends Reference<"action">>(
    action: Ref,
    ...args: OptionalRestArgs<Ref>
  ): Promise<FunctionReturnType<Ref>>;
  action<Output>(
    action: (ctx: GenericActionCtx<DataModel>) => Promise<Output>,
  ): Promise<Output>;
  action(
    action: Reference<"action"> | InlineHandler,
    args?: DefaultFunctionArgs,
  ) {
    return this.#call("Action", action, args);
  }

  /**
   * Reads and writes in one transaction, with the limits and the schema of the deployment. What the
   * code throws reaches the test as it is, and nothing is written then.
   *
   * @example
   * ```ts
   * await t.run(async (ctx) => ctx.db.insert("messages", { text: "Hi" }));
   * ```
   */
  run<Output>(
    code: (ctx: RunCtx<DataModel>) => Promise<Output>,
  ): Promise<Output> {
    return this.#call("Mutation", code) as Promise<Output>;
  }

  /** Calls an HTTP action by its path, such as `/hooks/paid?id=1`. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { identity } = this.#who;
    const request = new Request(`${this.#called.url}/http${path}`, init);
    if (identity !== null && !request.headers.has("authorization")) {
      const token = this.#called.tokenOf(identity);
      request.headers.set("authorization", `Bearer ${token}`);
    }
    return this.#called.request(request);
  }

  /**
   * The same deployment, called by a signed-in user. None of the attributes is required.
   * @throws TestDeploymentError "invalidIdentity"
   */
  withIdentity(attributes: Partial<UserIdentity>): Caller<DataModel> {
    const identity = toIdentity(attributes);
    return new Caller(this.#called, { ...this.#who, identity });
  }

  /** The same deployment, called from an address and by a program: what `ctx.meta` tells of a request. */
  withRequestMetadata({
    ip = null,
    userAgent = null,
  }: RequestMetadata): Caller<DataModel> {
    return new Caller(this.#called, { ...this.#who, ip, userAgent });
  }

  /**
   * A client of the app, over a real connection: a `ConvexClient`, or one of the class that is given, such
   * as `ConvexHttpClient` or `ConvexReactClient`. It is signed in as the identity of this caller, and
   * closed with the deployment.
   */
  client(): ConvexClient;
  client<Client extends object>(ofClass: ClientClass<Client>): Client;
  client(ofClass: ClientClass<object> = ConvexClient): object {
    const { identity } = this.#who;
    const token =
      identity === null ? undefined : () => this.#called.tokenOf(identity);
    return connect(ofClass, this.#called, token);
  }

  /**
   * A JWT of this caller, good for a year of the deployment's clock, for requests of the test's own.
   * @throws TestDeploymentError "invalidIdentity" where nobody is signed in
   */
  token(): string {
    return this.#called.tokenOf(this.#who.identity ?? toIdentity({}));
  }

  async #call(
    udfType: UdfType,
    called: object | InlineHandler,
    args: DefaultFunctionArgs = {},
  ): Promise<unknown> {
    if (typeof called === "function") {
      return this.#called.call((parts) =>
        this.#runInline(parts, udfType, called as InlineHandler),
      );
    }
    const json = convexToJson(args as Value);
    return this.#called.call(({ runtime }) =>
      this.#runDeployed(runtime, udfType, called, json),
    );
  }

  async #runDeployed(
    runtime: DeploymentParts["runtime"],
    udfType: UdfType,
    reference: object,
    args: JSONValue,
  ): Promise<Value> {
    const { componentPath, path } = runtime.deployment.resolve(
      this.#who.componentPath,
      getFunctionAddress(reference),
      missingAnyFunction,
    );
    const { identity, ip, userAgent } = this.#who;
    const outcome = await runtime.run(
      {
        ...{ componentPath, path, args, ip, userAgent, access: "admin" },
        identity: identity === null ? null : shownIdentity(identity),
        authToken: identity === null ? null : this.#called.tokenOf(identity),
      },
      udfType,
    );
    return valueOf(outcome);
  }

  async #runInline(
    { runtime }: DeploymentParts,
    udfType: UdfType,
    handler: InlineHandler,
  ): Promise<Value> {
    const { deployment } = runtime;
    const { componentPath, identity, ip, userAgent } = this.#who;
    const entry = inlineEntry(udfType, componentPath);
    const takeBack = deployment.lend(entry, inlineFunction(udfType, handler));
    try {
      const { failure, json } = await runtime.runEntry(
        entry,
        {},
        {
          deployment,
          request: {
            requestId: newRequestId(),
            source: "client",
            identity: identity === null ? null : shownIdentity(identity),
            ...{ ip, userAgent, job: null },
          },
        },
      );
      if (failure !== undefined) throw asThrown(failure);
      return jsonToConvex(JSON.parse(json) as JSONValue);
    } finally {
      takeBack();
    }
  }
}

/** The identity that functions see, as of a token that says so. */
function shownIdentity({ issuer, subject, claims }: TestIdentity) {
  return customIdentity({ ...claims, iss: issuer, sub: subject });
}

function valueOf(outcome: UdfOutcome): Value {
  if (outcome.status === "success") return jsonToConvex(outcome.value);
  const { errorMessage, errorData } = outcome;
  if (errorData === undefined) throw new Error(errorMessage);
  const error = new ConvexError(jsonToConvex(errorData));
  error.message = errorMessage;
  throw error;
}

/** What code of the test threw, with the data of a ConvexError that came through the deployment. */
function asThrown({ cause, message, data }: FunctionFailure): unknown {
  if (cause === undefined) return new Error(message);
  if (data === undefined || !(cause instanceof Error)) return cause;
  return Object.assign(cause, { data: jsonToConvex(data) });
}
