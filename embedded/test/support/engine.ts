import type { JSONValue } from "convex/values";
import type { Clock } from "../../src/clock.js";
import type { Database } from "../../src/database/database.js";
import { applySchema } from "../../src/database/schema/schema.js";
import { loadModules } from "../../src/functions/realm/loader.js";
import type { MutationHooks } from "../../src/functions/mutations.js";
import type { Runtime } from "../../src/functions/runtime.js";
import type {
  CompletionEvent,
  ComponentDefinition,
  ComponentInstance,
  DeployedCode,
  UdfOutcome,
  UdfRequest,
} from "../../src/functions/types.js";
import { applyCrons, type CronDiff } from "../../src/scheduler/crons.js";
import type { Scheduler } from "../../src/scheduler/scheduler.js";
import { analyzeModules } from "../../src/server/push/analyze.js";
import { bundle } from "./bundle.js";
import { openFloors, type FloorOptions, type Floors } from "./floors.js";

/** A component as a test writes it; `schema` is `defineSchema(…).export()` JSON. */
export interface ComponentSource {
  modules: Readonly<Record<string, string>>;
  schema?: JSONValue;
  env?: Readonly<Record<string, string>>;
  children?: Readonly<Record<string, ComponentSource>>;
}

export interface EngineOptions extends Pick<
  FloorOptions<Clock>,
  "clock" | "dataDir" | "store" | "runtime" | "maxVectorBytes" | "timersOnly"
> {
  /** Whether to start the scheduler. @default true */
  startScheduler?: boolean;
}

/** Storage, database, functions and scheduler with an app, without a server. */
export class Engine {
  readonly events: CompletionEvent[] = [];
  readonly database: Database;
  readonly runtime: Runtime;
  readonly scheduler: Scheduler;
  readonly dataDir: string;
  readonly errors: readonly unknown[];
  readonly #floors: Floors<Clock>;

  private constructor(floors: Floors<Clock>) {
    this.#floors = floors;
    this.database = floors.database;
    this.runtime = floors.runtime;
    this.scheduler = floors.scheduler;
    this.dataDir = floors.dataDir;
    this.errors = floors.errors;
    this.runtime.onCompletion((event) => this.events.push(event));
  }

  static async open(
    app: ComponentSource,
    { startScheduler = true, ...options }: EngineOptions = {},
  ): Promise<Engine> {
    const engine = new Engine(await openFloors<Clock>(options));
    await engine.deploy(app);
    if (startScheduler) await engine.scheduler.start();
    return engine;
  }

  /** Deploys an app as a push does, without its protocol. */
  async deploy(app: ComponentSource): Promise<Map<string, CronDiff>> {
    const install = await this.prepare(app);
    return install();
  }

  /** Does everything of {@link deploy} but the last step, which the result does. */
  async prepare(
    app: ComponentSource,
  ): Promise<() => Promise<Map<string, CronDiff>>> {
    const code = await compileApp(app, this.#floors.clock.now());
    return () => this.#install(code);
  }

  async #install(code: DeployedCode): Promise<Map<string, CronDiff>> {
    const { value } = await this.database.write((tx) => {
      const diffs = new Map<string, CronDiff>();
      for (const [componentPath, { definitionPath }] of code.components) {
        const definition = code.definitions.get(definitionPath);
        applySchema(tx, componentPath, definition?.schema ?? null);
        diffs.set(
          componentPath,
          applyCrons(
            tx,
            componentPath,
            definition?.crons ?? {},
            this.#floors.clock.now(),
          ),
        );
      }
      this.runtime.load(code);
      return diffs;
    });
    return value;
  }

  query(
    functionPath: string,
    args: JSONValue = {},
    request: Partial<UdfRequest> = {},
  ) {
    return this.runtime.run(
      this.#request(functionPath, args, request),
      "Query",
    );
  }

  mutation(
    functionPath: string,
    args: JSONValue = {},
    request: Partial<UdfRequest> = {},
    hooks?: MutationHooks,
  ) {
    return this.runtime.runMutation(
      this.#request(functionPath, args, request),
      hooks,
    );
  }

  action(
    functionPath: string,
    args: JSONValue = {},
    request: Partial<UdfRequest> = {},
  ) {
    return this.runtime.runAction(this.#request(functionPath, args, request));
  }

  close(): Promise<void> {
    return this.#floors.close();
  }

  remove(): Promise<void> {
    return this.#floors.remove();
  }

  #request(
    functionPath: string,
    args: JSONValue,
    request: Partial<UdfRequest>,
  ): UdfRequest {
    return {
      componentPath: "",
      path: functionPath,
      args,
      access: "admin",
      ...request,
    };
  }
}

/** The value of a call that succeeded. */
export function valueOf(outcome: UdfOutcome): JSONValue {
  if (outcome.status === "error") {
    throw new Error(`The call failed: ${outcome.errorMessage}`);
  }
  return outcome.value;
}

/** The message of a call that failed, without its request id. */
export function errorOf(outcome: UdfOutcome): string {
  if (outcome.status === "success") {
    throw new Error(`The call succeeded: ${JSON.stringify(outcome.value)}`);
  }
  return outcome.errorMessage.replace(
    /^\[Request ID: [0-9a-f]+\] Server Error\n/,
    "",
  );
}

async function compileApp(
  app: ComponentSource,
  nowMs: number,
): Promise<DeployedCode> {
  const components = new Map<string, ComponentInstance>();
  const definitions = new Map<string, ComponentDefinition>();
  const bySource = new Map<ComponentSource, string>();
  const mount = async (source: ComponentSource, componentPath: string) => {
    const definitionPath = bySource.get(source) ?? `definition${bySource.size}`;
    if (!bySource.has(source)) {
      bySource.set(source, definitionPath);
      definitions.set(definitionPath, await compileDefinition(source, nowMs));
    }
    const children: Record<string, string> = {};
    for (const [name, child] of Object.entries(source.children ?? {})) {
      children[name] = componentPath === "" ? name : `${componentPath}/${name}`;
      await mount(child, children[name]);
    }
    const name = componentPath.split("/").at(-1) ?? "";
    components.set(componentPath, {
      definitionPath,
      name,
      children,
      env: source.env ?? {},
    });
  };
  await mount(app, "");
  return { components, definitions };
}

async function compileDefinition(
  source: ComponentSource,
  nowMs: number,
): Promise<ComponentDefinition> {
  const modules = await bundle(source.modules);
  const entryPoints = [...modules.keys()].filter(
    (modulePath) => !modulePath.startsWith("_deps/"),
  );
  const analyzed = analyzeModules(
    await loadModules(modules, entryPoints, { env: source.env ?? {}, nowMs }),
  );
  const crons = analyzed.get("crons.js")?.cronSpecs ?? [];
  return {
    modules,
    analysis: new Map(
      [...analyzed].map(([modulePath, { functions }]) => [
        modulePath,
        functions,
      ]),
    ),
    schema: source.schema ?? null,
    crons: Object.fromEntries(
      crons.map(({ identifier, spec }) => [identifier, spec]),
    ),
  };
}
