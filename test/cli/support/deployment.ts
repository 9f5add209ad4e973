/// <reference types="vite/client" />
import { makeFunctionReference, type FunctionType } from "convex/server";
import {
  ConvexError,
  convexToJson,
  jsonToConvex,
  type JSONValue,
  type Value,
} from "convex/values";
import { onTestFinished, vi } from "vitest";
import type { CliContext } from "../../../cli/context.js";
import type { ImportRow } from "../../../cli/deployment/api.js";
import type { Fetch } from "../../../cli/deployment/http.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import type { Policy } from "../../../convex/sessionTracker/shared/settings.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { setUpComponent } from "../../convex/support/setup.js";
import { ADMIN_KEY, bodyOf, FakeTerminal } from "./fakeTerminal.js";

const modules = import.meta.glob([
  "../../../convex/sessionTracker/*/*.ts",
  "../../../convex/sessionTracker/runs/many/*.ts",
]);

export const NOW = Date.UTC(2026, 7, 15, 12);

/** A terminal whose network leads to the real component, run by convex-test on a fake clock. */
export function setUpDeployment(
  overrides: Partial<CliContext> = {},
  beside: Record<string, () => Promise<unknown>> = {},
) {
  vi.useFakeTimers({
    now: NOW,
    toFake: ["Date", "setTimeout", "clearTimeout"],
  });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const component = setUpComponent(beside);
  const calls: string[] = [];

  /** Answers as a deployment's `/api/function` does. */
  const answer: Fetch = async (_url, init) => {
    const request = bodyOf<FunctionRequest>(init);
    const key = new Headers(init?.headers).get("authorization");
    if (key !== `Convex ${ADMIN_KEY}`) return new Response("", { status: 401 });
    calls.push(request.path);
    return Response.json(await call(component, request));
  };
  const terminal = new FakeTerminal({
    fetch: answer,
    // The background work of a run happens while the command waits.
    sleep: async (ms) => {
      vi.advanceTimersByTime(ms);
      await component.finishInProgressScheduledFunctions();
    },
    ...overrides,
  });
  terminal.serveHere();
  return {
    terminal,
    component,
    calls,
    /** Imports sessions, past the terminal. */
    store: (rows: ImportRow[]) =>
      component.mutation(api.operator.import.batch, { rows }),
    setPolicy: (patch: Partial<Policy>) =>
      component.mutation(api.settings.settings.change, {
        actor: "test",
        patch,
      }),
    total: async () =>
      (await component.query(api.operator.status.get, {})).sessions.total,
    runs: () => component.query(api.runs.ledger.list, {}),
  };
}

/**
 * Sessions for `store`, each last active a day before the one before it.
 * @param daysAgo of the first
 * @param more fields of a session that was last active then
 */
export function dailySessions(
  count: number,
  daysAgo: number,
  more: (lastActive: number, index: number) => Partial<ImportRow> = () => ({}),
): ImportRow[] {
  return Array.from({ length: count }, (_, index) => {
    const lastActive = NOW - (daysAgo + index) * DAY_MS;
    const anonymousId = `old-${index}`;
    const row = { anonymousId, createdAt: 0, lastActive };
    return { ...row, ...more(lastActive, index) };
  });
}

type Fields = Record<string, Value>;

interface FunctionRequest {
  path: string;
  componentPath: string;
  args: JSONValue;
}

/** Whether the component's function of this name is a mutation. */
export async function isMutation(path: string): Promise<boolean> {
  const found = await functionAt(path);
  return found !== undefined && "isMutation" in found;
}

async function functionAt(path: string): Promise<object | undefined> {
  const [file = "", name = ""] = path.split(":");
  const load = modules[`../../../convex/sessionTracker/${file}.ts`];
  return ((await load?.()) as Record<string, object> | undefined)?.[name];
}

async function call(
  component: ReturnType<typeof setUpComponent>,
  { path, componentPath, args }: FunctionRequest,
): Promise<object> {
  const found = await functionAt(path);
  if (!found || componentPath !== "sessionTracker") {
    return {
      status: "error",
      errorMessage: `Could not find function for '${path}'.`,
    };
  }
  const values = jsonToConvex(args) as Fields;
  try {
    const value = await answer(component, found, path, values);
    return { status: "success", value: convexToJson(value), logLines: [] };
  } catch (error) {
    if (!(error instanceof ConvexError)) {
      return { status: "error", errorMessage: String(error) };
    }
    const data: unknown = error.data;
    return {
      status: "error",
      errorMessage: error.message,
      errorData:
        typeof data === "string" ? (JSON.parse(data) as unknown) : data,
    };
  }
}

function answer(
  component: ReturnType<typeof setUpComponent>,
  found: object,
  path: string,
  args: Fields,
): Promise<Value> {
  const reference = <Type extends FunctionType>() =>
    makeFunctionReference<Type, Fields, Value>(path);
  if ("isMutation" in found) {
    return component.mutation(reference<"mutation">(), args);
  }
  return "isAction" in found
    ? component.action(reference<"action">(), args)
    : component.query(reference<"query">(), args);
}
