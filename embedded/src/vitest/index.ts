/**
 * Deployments for tests: `@sessions-ops/embedded/vitest`. How they are used is in `docs/testing.md` of the package.
 *
 * @packageDocumentation
 */

import "./bytes.js";
import type { GenericDataModel } from "convex/server";
import { atEndOfTest } from "./endOfTest.js";
import { refuseFakeTimers } from "./clock/fakeTimers.js";
import { Lives } from "./lives.js";
import { templateOf, type AppOptions } from "./template/templates.js";
import { checkOption } from "./options.js";
import { TestDeployment } from "./testDeployment.js";
import { toMoment, type Moment } from "./clock/times.js";

export type { ConflictCount } from "../functions/conflicts.js";
export type { Caller, RequestMetadata, RunCtx } from "./calls/caller.js";
export type { ClientClass, ClientOptions } from "./calls/clients.js";
export type { CrashOptions, CrashPoint } from "./crashes.js";
export { TestDeploymentError, type TestDeploymentErrorKind } from "./errors.js";
export type { ImportOptions, Tables } from "./imports.js";
export type { FunctionLog } from "./logs.js";
export type { AppOptions } from "./template/templates.js";
export type { TestClock } from "./clock/testClock.js";
export type { TestDeployment } from "./testDeployment.js";
export type { Duration, Moment } from "./clock/times.js";

/** Which app, and how its time goes. */
export interface TestDeploymentOptions extends AppOptions {
  /** What the clock shows at first. @default the time of the machine */
  readonly now?: Moment;
  /** Whether the clock stands until the test turns it, or runs by itself. @default "standing" */
  readonly time?: "standing" | "running";
}

/**
 * Opens a deployment with the app in it and no data, in the process of the test. The app is pushed when its
 * sources have changed; else the deployment begins with a copy of what was pushed before.
 *
 * It is closed with the test that opened it, or, if it is opened at the top of a file of tests, with the
 * file; in a hook, `return () => t.close()`.
 *
 * @example
 * ```ts
 * // test/visitors.test.ts
 * import { testDeployment } from "@sessions-ops/embedded/vitest";
 * import { expect, test } from "vitest";
 * import { api } from "../convex/_generated/api.js";
 * import type { DataModel } from "../convex/_generated/dataModel.js";
 *
 * const t = await testDeployment<DataModel>();
 *
 * test("a visitor is tracked", async () => {
 *   const visitor = { anonymousId: "somebody" };
 *   await t.mutation(api.sessions.trackSession, visitor);
 *   const visit = await t.query(api.sessions.getOwnVisit, visitor);
 *   expect(visit).toMatchObject({ visits: 1 });
 * });
 * ```
 *
 * @param options - the app, and how its time goes
 * @typeParam DataModel - the app's own, from `_generated/dataModel`, for `t.run`
 * @throws TestDeploymentError "appNotFound", "pushFailed", "invalidTime", "invalidOption", "fakeTimers"
 */
export async function testDeployment<
  DataModel extends GenericDataModel = GenericDataModel,
>({
  now = Date.now(),
  time = "standing",
  ...app
}: TestDeploymentOptions = {}): Promise<TestDeployment<DataModel>> {
  refuseFakeTimers();
  const nowMs = toMoment(now);
  checkOption("time", time, ["standing", "running"]);
  const template = await templateOf(app);
  const isRunning = time === "running";
  const lives = await Lives.begin({ template, nowMs, isRunning });
  const t = new TestDeployment<DataModel>(lives);
  await atEndOfTest(() => t.close());
  return t;
}

/**
 * Pushes the app if its sources have changed, so that no test has to wait for it: for vitest's
 * `globalSetup`.
 *
 * @param app - which one, and its environment variables
 *
 * @example
 * ```ts
 * import { pushApp } from "@sessions-ops/embedded/vitest";
 *
 * export default () => pushApp();
 * ```
 *
 * @throws TestDeploymentError "appNotFound", "pushFailed"
 */
export async function pushApp(app: AppOptions = {}): Promise<void> {
  await templateOf(app);
}
