import {
  componentsGeneric,
  getFunctionAddress,
  type UserIdentity,
} from "convex/server";
import { convexToJson, type Value } from "convex/values";
import type { convexTest as originalConvexTest } from "convex-test";
import type { UdfType } from "../../../src/functions/types.js";
import { engineGlobal } from "../../../src/vitest/calls/convexGlobal.js";
import { register } from "../../../src/vitest/calls/inline.js";
import { finishAll, finishInProgress } from "./finishScheduled.js";
import {
  LiveDeployment,
  NOBODY,
  type Callee,
  type Caller,
} from "./liveDeployment.js";
import type { ModuleGlob } from "./liveModules.js";
import { testAppsOf } from "./testApp.js";

export type {
  TestConvex,
  TestConvexForDataModel,
  TestConvexForDataModelAndIdentity,
  TestConvexRoot,
} from "convex-test";

type Handler = (ctx: unknown, args?: unknown) => Promise<unknown>;
type Options = Exclude<
  NonNullable<Parameters<typeof originalConvexTest>[0]>,
  { tables: unknown }
>;

const deployments = new WeakMap<object, LiveDeployment>();

installConvexGlobal();

/**
 * The API of the `convex-test` package with the embedded engine behind it: same modules, same
 * fake timers, but the transactions, the scheduler and the limits that a deployment really has.
 */
export const convexTest = ((
  first?: Options | Options["schema"],
  modules?: ModuleGlob,
) => {
  const options = toOptions(first, modules);
  const { transactionLimits } = options;
  const deployment = new LiveDeployment(
    { schema: options.schema, modules: options.modules ?? {} },
    typeof transactionLimits === "object" ? transactionLimits : {},
  );
  const t = {
    ...accessor(deployment, NOBODY),
    registerComponent: (
      ...[name, ...source]: Parameters<LiveDeployment["registerComponent"]>
    ) => {
      deployment.registerComponent(name, ...source);
      return componentsGeneric()[name];
    },
  };
  deployments.set(t, deployment);
  return t;
}) as unknown as typeof originalConvexTest;

export const defineTestApp = testAppsOf(convexTest);

/** Makes Convex functions in this process call the engine. */
export function installConvexGlobal(): void {
  Object.assign(globalThis, { Convex: engineGlobal });
}

/** The deployment behind what {@link convexTest} returned. */
export function deploymentOf(t: object): LiveDeployment {
  const deployment = deployments.get(t);
  if (deployment === undefined) throw new Error("Not made by convexTest.");
  return deployment;
}

function toOptions(
  first: Options | Options["schema"],
  modules: ModuleGlob | undefined,
): Options {
  if (first === undefined || "tables" in first) {
    return {
      ...(first === undefined ? {} : { schema: first }),
      ...(modules === undefined ? {} : { modules }),
    };
  }
  return first;
}

function accessor(deployment: LiveDeployment, caller: Caller): object {
  const call =
    (udfType: UdfType, inlineName = "inline") =>
    (target: unknown, args: Record<string, Value> = {}) =>
      deployment.run(
        udfType,
        toCallee(udfType, target, inlineName),
        convexToJson(args),
        caller,
      );
  return {
    query: call("Query"),
    mutation: call("Mutation"),
    action: call("Action"),
    run: call("Mutation", "custom"),
    fetch: (path: string, init: RequestInit = {}) =>
      deployment.fetch(path, init, caller),
    finishInProgressScheduledFunctions: async () =>
      finishInProgress(await deployment.ready()),
    finishAllScheduledFunctions: async (
      advanceTimers: () => void,
      maxIterations = 100,
    ) => finishAll(await deployment.ready(), advanceTimers, maxIterations),
    withIdentity: (attributes: Partial<UserIdentity>) =>
      accessor(deployment, { ...caller, identity: toIdentity(attributes) }),
    withRequestMetadata: ({ ip, userAgent }: Partial<Caller>) =>
      accessor(deployment, {
        ...caller,
        ip: ip ?? null,
        userAgent: userAgent ?? null,
      }),
  };
}

function toCallee(udfType: UdfType, target: unknown, name: string): Callee {
  return typeof target === "function"
    ? { inline: register(udfType, target as Handler), name }
    : { address: getFunctionAddress(target) };
}

function toIdentity(attributes: Partial<UserIdentity>): UserIdentity {
  const subject = attributes.subject ?? JSON.stringify(attributes);
  const issuer = attributes.issuer ?? "https://convex.test";
  const tokenIdentifier = attributes.tokenIdentifier ?? `${issuer}|${subject}`;
  return { ...attributes, subject, issuer, tokenIdentifier };
}
