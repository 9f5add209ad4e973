import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { JSONValue } from "convex/values";
import type { ModuleSource } from "../../src/functions/types.js";
import {
  openDeployment,
  type EmbeddedDeployment,
  type OpenOptions,
} from "../../src/index.js";
import { bundle } from "./bundle.js";

/** An app or component as a test pushes it. */
export interface PushedSource {
  /** Sources by path without extension. */
  modules?: Readonly<Record<string, string>>;
  /** Source of schema.ts. */
  schema?: string;
  /** Names of children and the definition paths they are mounted from. */
  children?: Readonly<Record<string, string>>;
  /** Path prefixes, such as `/part/`, at which children answer HTTP requests, by their names. */
  httpPrefixes?: Readonly<Record<string, string>>;
  /** Path prefix of the app's own routes. */
  httpPrefix?: string;
  /** `[name, declaration]` pairs of `defineApp({ env })`. */
  envVars?: JSONValue;
}

export interface PushedApp extends PushedSource {
  /** Components by definition path. */
  components?: Readonly<Record<string, PushedSource>>;
}

/** A deployment on a directory of its own, and the calls tests make to it. */
export class TestDeployment {
  readonly logged: string[];
  readonly #deployment: EmbeddedDeployment;

  private constructor(deployment: EmbeddedDeployment, logged: string[]) {
    this.#deployment = deployment;
    this.logged = logged;
  }

  static async open(
    options: Partial<OpenOptions> = {},
  ): Promise<TestDeployment> {
    const logged: string[] = [];
    const deployment = await openDeployment({
      dataDir: options.dataDir ?? (await mkdtemp(path.join(tmpdir(), "push-"))),
      port: 0,
      log: (line) => logged.push(line),
      ...options,
    });
    return new TestDeployment(deployment, logged);
  }

  get url(): string {
    return this.#deployment.url;
  }

  get siteUrl(): string {
    return this.#deployment.siteUrl;
  }

  get adminKey(): string {
    return this.#deployment.adminKey;
  }

  get dataDir(): string {
    return this.#deployment.dataDir;
  }

  get inner(): EmbeddedDeployment {
    return this.#deployment;
  }

  /** `Authorization` header of the administrator. */
  get admin(): Record<string, string> {
    return { authorization: `Convex ${this.adminKey}` };
  }

  fetch(target: string, init: RequestInit = {}): Promise<Response> {
    return this.#deployment.fetch(new Request(this.url + target, init));
  }

  /** POSTs JSON (a string is sent as it is) and reads the JSON answer. */
  async post(
    target: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: unknown }> {
    const response = await this.fetch(target, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
    };
  }

  /** Makes one step of the push protocol. */
  step(
    name: string,
    body: Record<string, unknown>,
  ): Promise<{ status: number; body: unknown }> {
    return this.post(`/api/${name}`, body, this.admin);
  }

  /** Makes a whole push; returns the answer of the step that ended it. */
  push(app: PushedApp): Promise<Answer> {
    return pushBy((name, body) => this.step(name, body), app);
  }

  async close(): Promise<void> {
    await this.#deployment.close();
  }

  /** Closes and removes the data. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.dataDir, { recursive: true });
  }
}

/** An answer of the HTTP API, its JSON parsed. */
export interface Answer {
  status: number;
  body: unknown;
}

type PushStep = (
  name: string,
  body: Record<string, unknown>,
) => Promise<Answer>;

/**
 * Pushes step by step, as the CLI does; returns the answer of the step that ended it.
 * @param step - makes one call to `/api/<name>`, with the key
 */
export async function pushBy(step: PushStep, app: PushedApp): Promise<Answer> {
  return pushBodyBy(step, await pushBody(app));
}

/** {@link pushBy}, with the body of `start_push` as the CLI made it. */
export async function pushBodyBy(
  step: PushStep,
  body: Record<string, unknown>,
): Promise<Answer> {
  const started = await step("deploy2/start_push", body);
  if (started.status !== 200) return started;
  const startPush = started.body as { schemaChange: unknown };
  const { schemaChange } = startPush;
  const waited = await step("deploy2/wait_for_schema", {
    schemaChange,
    timeoutMs: 10_000,
    dryRun: false,
  });
  const { type } = waited.body as { type: string };
  if (type !== "complete") return waited;
  return step("deploy2/finish_push", { startPush, dryRun: false });
}

/** The body of `start_push` without the key, as the CLI makes it. */
export async function pushBody(
  app: PushedApp,
): Promise<Record<string, unknown>> {
  const definitions = Object.entries(app.components ?? {});
  return {
    dryRun: false,
    functions: "convex/",
    appDefinition: {
      ...(await definitionBody("", app)),
      changedModules: await modulesOf(app),
      unchangedModuleHashes: [],
    },
    componentDefinitions: await Promise.all(
      definitions.map(async ([definitionPath, component]) => ({
        definitionPath,
        ...(await definitionBody(definitionPath, component)),
        functions: await modulesOf(component),
      })),
    ),
    nodeDependencies: [],
    forCodegen: false,
  };
}

async function definitionBody(definitionPath: string, source: PushedSource) {
  const schema = await bundle(
    source.schema === undefined ? {} : { schema: source.schema },
  );
  return {
    definition: configModule(definitionPath, source),
    dependencies: [...new Set(Object.values(source.children ?? {}))],
    schema: schema.get("schema.js") ?? null,
    udfServerVersion: "1.48.0",
  };
}

async function modulesOf(source: PushedSource): Promise<ModuleSource[]> {
  return [...(await bundle(source.modules ?? {})).values()];
}

/** The module of `defineApp()` or `defineComponent()`, without their bundle. */
function configModule(
  definitionPath: string,
  { children = {}, httpPrefix, httpPrefixes = {}, envVars }: PushedSource,
): ModuleSource {
  const dependencies = [...new Set(Object.values(children))];
  const imports = dependencies.map(
    (dependency, index) =>
      `import d${index} from "./_componentDeps/${Buffer.from(dependency).toString("base64url")}";\n`,
  );
  const childComponents = Object.entries(children).map(
    ([name, dependency]) =>
      `{ name: "${name}", path: d${dependencies.indexOf(dependency)}.componentDefinitionPath, args: [], env: [] }`,
  );
  const httpMounts = Object.fromEntries(
    Object.entries(httpPrefixes).map(([name, prefix]) => [
      prefix,
      `_reference/childComponent/${name}`,
    ]),
  );
  const definitionType =
    definitionPath === ""
      ? { type: "app" }
      : { type: "childComponent", name: definitionPath.split("/").at(-1) };
  return {
    path: "convex.config.js",
    source: `${imports.join("")}export default { export: () => ({
      definitionType: ${JSON.stringify(definitionType)},
      childComponents: [${childComponents.join(", ")}],
      httpPrefix: ${JSON.stringify(httpPrefix)},
      httpMounts: ${JSON.stringify(httpMounts)},
      exports: { type: "branch", branch: [] },
      ${envVars === undefined ? "" : `envVars: ${JSON.stringify(envVars)},`}
    }) };`,
    environment: "isolate",
  };
}
