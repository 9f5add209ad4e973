import type {
  GenericSchema,
  SchemaDefinition,
  UserIdentity,
} from "convex/server";
import {
  ConvexError,
  jsonToConvex,
  type JSONValue,
  type Value,
} from "convex/values";
import type { Clock } from "../../../src/clock.js";
import type { TransactionLimits } from "../../../src/database/metrics.js";
import type { Transaction } from "../../../src/database/transactions/transaction.js";
import { applySchema } from "../../../src/database/schema/schema.js";
import type { FunctionEntry } from "../../../src/functions/functionEntry.js";
import type { FunctionFailure } from "../../../src/functions/failure.js";
import type { FunctionAddress } from "../../../src/functions/functionPath.js";
import { checkType } from "../../../src/functions/execution/execute.js";
import { runHttpAction } from "../../../src/functions/httpActions.js";
import { newRequestId } from "../../../src/functions/requests.js";
import type {
  ComponentDefinition,
  ComponentInstance,
  DeployedCode,
  ModuleLoader,
  UdfType,
} from "../../../src/functions/types.js";
import { openMemoryStore } from "../../support/memoryStore.js";
import { openFloors, type Floors } from "../../support/floors.js";
import { footprintOf, type Footprint } from "./footprint.js";
import { liveClock } from "./liveClock.js";
import { importModules, type ModuleGlob } from "./liveModules.js";

type Schema = SchemaDefinition<GenericSchema, boolean>;

interface ComponentSource {
  readonly schema: Schema | undefined;
  readonly modules: ModuleGlob;
}

/** The user who calls. */
export interface Caller {
  readonly identity: UserIdentity | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

export const NOBODY: Caller = { identity: null, ip: null, userAgent: null };

/** The function to call: a deployed one, or one that a test wrote on the spot. */
export type Callee =
  | { readonly address: FunctionAddress }
  | { readonly inline: unknown; readonly name: string };

/** Named as convex-test names the calls of a test itself. */
const INLINE_MODULE = "custom.js";
const SITE = "https://test.convex.site";

/** The engine with the modules of this process as its code, and nothing on disk. */
export class LiveDeployment {
  readonly #sources = new Map<string, ComponentSource>();
  /** Modules of this process, in place of pushed ones. */
  readonly #loaders = new Map<string, ModuleLoader>();
  readonly #inline: Record<string, unknown> = {};
  readonly #limits: Partial<TransactionLimits>;
  #inlineCount = 0;
  #ready: Promise<Floors<Clock>> | undefined;
  #engine: Promise<Floors<Clock>> | undefined;

  constructor(app: ComponentSource, limits: Partial<TransactionLimits>) {
    this.#sources.set("", app);
    this.#limits = limits;
  }

  /** Mounts a component; its parent is the path before the last slash. */
  registerComponent(
    componentPath: string,
    schema: Schema,
    modules: ModuleGlob,
  ): void {
    this.#sources.set(componentPath, { schema, modules });
    this.#ready = undefined;
  }

  async run(
    udfType: UdfType,
    callee: Callee,
    args: JSONValue,
    caller: Caller,
  ): Promise<Value> {
    const { runtime } = await this.ready();
    const entry =
      "inline" in callee
        ? this.#addInline(udfType, callee)
        : runtime.deployment.resolve("", callee.address);
    checkType(entry, udfType);
    try {
      const { failure, json } = await runtime.runEntry(entry, args, {
        deployment: runtime.deployment,
        request: requestOf(caller),
      });
      if (failure !== undefined) throw asThrown(failure);
      return jsonToConvex(JSON.parse(json) as JSONValue);
    } finally {
      if ("inline" in callee) delete this.#inline[entry.name];
    }
  }

  /** Runs a mutation without a commit, to see what it reads and writes. */
  async observe(address: FunctionAddress, args: JSONValue): Promise<Footprint> {
    const { runtime } = await this.ready();
    const { deployment } = runtime;
    const observed = new Observed();
    const beforeCommit = (tx: Transaction) => {
      observed.footprint = footprintOf(tx);
      throw observed;
    };
    try {
      const { failure } = await runtime.runMutationEntry(
        deployment.resolve("", address),
        args,
        { deployment, request: requestOf(NOBODY), hooks: { beforeCommit } },
      );
      throw failure === undefined ? new Error("Committed.") : asThrown(failure);
    } catch (error) {
      if (error !== observed || observed.footprint === undefined) throw error;
      return observed.footprint;
    }
  }

  /** Answers a request as the deployment's site would. */
  async fetch(
    path: string,
    init: RequestInit,
    caller: Caller,
  ): Promise<Response> {
    const { runtime } = await this.ready();
    const request = new Request(new URL(path, SITE), init);
    const outcome = await runHttpAction(runtime, {
      request,
      path: new URL(request.url).pathname,
      context: requestOf(caller),
    });
    switch (outcome.kind) {
      case "responded":
        return outcome.response;
      case "failed":
        throw asThrown(outcome.failure);
      case "noRoute":
      case "notEnabled":
        return new Response(`No HTTP action for ${path}`, { status: 404 });
      default:
        return outcome satisfies never;
    }
  }

  /** Deploys everything registered since the last time. */
  ready(): Promise<Floors<Clock>> {
    return (this.#ready ??= this.#deploy());
  }

  async #deploy(): Promise<Floors<Clock>> {
    const [engine, code] = await Promise.all([
      (this.#engine ??= this.#open()),
      this.#importCode(),
    ]);
    await engine.database.write((tx) => {
      for (const [componentPath, { definitionPath }] of code.components) {
        const { schema } = code.definitions.get(definitionPath)!;
        applySchema(tx, componentPath, schema);
      }
      engine.runtime.load(code);
    });
    return engine;
  }

  async #open(): Promise<Floors<Clock>> {
    const floors = await openFloors({
      clock: liveClock,
      store: openMemoryStore(),
      limits: this.#limits,
      runtime: {
        deploymentName: "test",
        // Fake timers move time at will, so a function's duration means nothing.
        maxUserTimeMs: Infinity,
        maxWaitMs: Infinity,
        loaderOf: (componentPath) => ({
          load: (modulePath) =>
            this.#loaders.get(componentPath)!.load(modulePath),
        }),
      },
      timersOnly: true,
      onError: (error) => {
        throw error;
      },
    });
    await floors.scheduler.start();
    return floors;
  }

  async #importCode(): Promise<DeployedCode> {
    const definitions = new Map<string, ComponentDefinition>();
    const components = new Map<string, ComponentInstance>();
    for (const [componentPath, { schema, modules }] of this.#sources) {
      const ofTest =
        componentPath === ""
          ? new Map([[INLINE_MODULE, this.#inline]])
          : undefined;
      const live = await importModules(modules, ofTest);
      this.#loaders.set(componentPath, live);
      definitions.set(componentPath, {
        modules: new Map(),
        analysis: live.analysis,
        schema: schemaJson(schema),
        crons: {},
      });
      components.set(componentPath, {
        definitionPath: componentPath,
        name: componentPath.split("/").at(-1) ?? "",
        children: this.#childrenOf(componentPath),
        env: {},
      });
    }
    return { definitions, components };
  }

  #childrenOf(parent: string): Record<string, string> {
    const prefix = parent === "" ? "" : `${parent}/`;
    return Object.fromEntries(
      [...this.#sources.keys()].flatMap((path) => {
        const name = path.slice(prefix.length);
        const isChild =
          path.startsWith(prefix) && name !== "" && !name.includes("/");
        return isChild ? [[name, path]] : [];
      }),
    );
  }

  #addInline(
    udfType: UdfType,
    { inline, name: path }: Extract<Callee, { inline: unknown }>,
  ): FunctionEntry {
    const name = `fn${(this.#inlineCount += 1)}`;
    this.#inline[name] = inline;
    return {
      componentPath: "",
      modulePath: INLINE_MODULE,
      name,
      path,
      udfType,
      isPublic: false,
      args: null,
      returns: null,
    };
  }
}

/** Thrown instead of a commit. */
class Observed extends Error {
  footprint: Footprint | undefined;
}

function requestOf({ identity, ip, userAgent }: Caller) {
  const source = "client" as const;
  const requestId = newRequestId();
  return { requestId, source, identity, ip, userAgent, job: null };
}

/** The error that the function itself threw, as a caller in the same process would see it. */
function asThrown(failure: FunctionFailure): unknown {
  const { cause, data } = failure;
  if (data !== undefined) {
    const error = new ConvexError(jsonToConvex(data));
    return cause instanceof Error
      ? Object.assign(cause, { data: error.data })
      : Object.assign(error, { message: failure.message });
  }
  return cause ?? failure;
}

const schemas = new WeakMap<Schema, JSONValue>();

function schemaJson(schema: Schema | undefined): JSONValue {
  if (schema === undefined) return null;
  let json = schemas.get(schema);
  if (json === undefined) {
    // `export()` is internal to `convex`, whose CLI calls it during a push.
    const exportable = schema as unknown as { export(): string };
    json = JSON.parse(exportable.export()) as JSONValue;
    schemas.set(schema, json);
  }
  return json;
}
