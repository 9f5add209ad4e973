/*
 * Deployments for tests: `@sessions-ops/embedded/vitest`. See docs/testing.md.
 */

import "./bytes.js";
import type { GenericDataModel } from "convex/server";
import { atEndOfTest } from "./endOfTest.js";
import { refuseFakeTimers } from "./clock/fakeTimers.js";
import { Lives } from "./lives.js";
import { templateOf, type AppOptions } from "./template/templates.js";
import { TestDeployment } from "./testDeployment.js";
import { toMoment, type Moment } from "./clock/times.js";

export type { ConflictCount } from "../functions/conflicts.js";
export type { Caller, RunCtx } from "./calls/caller.js";
export type { CrashOptions, CrashPoint } from "./crashes.js";
export { TestDeploymentError, type TestDeploymentErrorKind } from "./errors.js";
export type { ImportOptions } from "./imports.js";
export type { FunctionLog } from "./logs.js";
export type { AppOptions } from "./template/templates.js";
export type { TestClock } from "./clock/testClock.js";
export type { TestDeployment } from "./testDeployment.js";
export type { Duration, Moment } from "./clock/times.js";

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
 * const t = await testDeployment<DataModel>();
 *
 * test("sends", async () => {
 *   await t.mutation(api.messages.send, { text: "Hi" });
 *   expect(await t.query(api.messages.list)).toHaveLength(1);
 * });
 * ```
 *
 * @typeParam DataModel - the app's own, from `_generated/dataModel`, for `t.run`
 * @throws TestDeploymentError "appNotFound", "pushFailed", "invalidTime", "fakeTimers"
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
 * @example
 * ```ts
 * export default () => pushApp();
 * ```
 *
 * @throws TestDeploymentError "appNotFound", "pushFailed"
 */
export async function pushApp(app: AppOptions = {}): Promise<void> {
  await templateOf(app);
}
