/**
 * A hook of the app that fails: it keeps nobody from being erased, is shown, and can be removed or
 * paid.
 */
import { createFunctionHandle, makeFunctionReference } from "convex/server";
import { expect, test } from "vitest";
import type { DoctorJson } from "../../../cli/json/doctor.js";
import type { HooksClearJson, HooksJson } from "../../../cli/json/hooks.js";
import type { ForgetJson } from "../../../cli/json/session.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import type { FetchInit } from "../../../cli/deployment/http.js";
import {
  api,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
import { expectInvariants, readRows } from "../../convex/support/rows.js";
import {
  finishRun,
  seedExpired,
  startRun,
  visitors,
} from "../../convex/support/runKit.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import { bodyOf } from "../support/fakeTerminal.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const GONE = "function://;shop:renamedLongAgo";

async function setUpHooks(onPurged = GONE) {
  const deployment = setUpDeployment(
    {},
    {
      faults: () => import("../../convex/support/faults.js"),
    },
  );
  const { component } = deployment;
  await component.mutation(internal.schedules.watchdog.check, {});
  await component.mutation(api.settings.settings.setHooks, { onPurged });
  await seedExpired(component, visitors(3, NOW - DAY_MS));
  /** Deploys a version of the hook that answers. */
  const mend = () =>
    component.mutation(async (ctx) => {
      const hook = await createFunctionHandle(
        makeFunctionReference<"mutation">("faults:refusePoison"),
      );
      await ctx.runMutation(api.settings.settings.setHooks, { onPurged: hook });
    });
  return { ...deployment, mend };
}

const forget = (id: string) => ["forget", id, "--confirm", id];

test("forget erases although a hook fails, and the debt stays listed until it is paid", async () => {
  const { terminal, component, mend } = await setUpHooks();
  const { exitCode, stdout, stderr } = await terminal.run(
    ...forget("visitor-0"),
  );
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /hook {9}onPurged failed, and is owed: .*shop:renamedLongAgo/,
  );
  expect(stderr).toContain("`sessions-ops hooks retry` calls it again");
  const receipt = await terminal.json<ForgetJson>(...forget("visitor-1"));
  expect(receipt.hook).toEqual({
    name: "onPurged",
    error: expect.stringContaining("shop:renamedLongAgo") as string,
  });
  expect((await expectInvariants(component)).sessions).toHaveLength(1);

  const { warnings } = await terminal.json<StatusJson>("status");
  expect(warnings).toContainEqual(
    expect.stringContaining("not done its part for 2 erased sessions"),
  );
  const doctor = await terminal.run("doctor", "--json");
  expect(doctor.exitCode).toBe(1);
  const { findings } = JSON.parse(doctor.stdout) as DoctorJson;
  expect(findings.filter(({ check }) => check === "hooks")).toMatchObject([
    {
      result: "problem",
      message: expect.stringContaining("does not answer") as string,
      remedy: expect.stringContaining(
        "sessions-ops hooks clear onPurged",
      ) as string,
    },
    { result: "problem" },
  ]);

  const listed = await terminal.json<HooksJson>("hooks");
  expect(listed).toMatchObject({
    hooks: [{ name: "onPurged", handle: GONE, answers: false }],
    debts: [{ hook: "onPurged" }, { sessionId: receipt.sessionId }],
    isAll: true,
  });
  expect(JSON.stringify(listed)).not.toContain("visitor-");

  expect(await terminal.run("hooks", "retry")).toMatchObject({ exitCode: 1 });
  await mend();
  expect(await terminal.run("hooks", "retry")).toMatchObject({
    exitCode: 0,
    stdout: "Done for 2 erased sessions; nothing is owed any more.\n",
  });
  expect((await terminal.run("hooks")).stdout).toMatch(
    /onPurged .*refusePoison .*answers\nNothing is owed\./,
  );
});

test("a hook that runs out of time is left out of the erasure and owed", async () => {
  const { terminal, component } = await setUpHooks();
  const online = terminal.overrides.fetch;
  Object.assign(terminal.overrides, {
    fetch: (input: string, init: FetchInit) => {
      const { path, args } = bodyOf<{
        path: string;
        args: { hookUnable?: string };
      }>(init);
      if (path !== "visitors/forget:visitor" || args.hookUnable !== undefined) {
        return online?.(input, init);
      }
      return Promise.resolve(
        Response.json({
          status: "error",
          errorMessage: "Function execution timed out (maximum duration: 1s)",
        }),
      );
    },
  });
  const receipt = await terminal.json<ForgetJson>(...forget("visitor-0"));
  expect(receipt.hook?.error).toContain("timed out");
  expect((await readRows(component)).sessions).toHaveLength(2);
  const { debts } = await terminal.json<HooksJson>("hooks");
  expect(debts).toHaveLength(1);
});

test("settle strikes out a debt that was paid by hand", async () => {
  const { terminal } = await setUpHooks();
  await terminal.run(...forget("visitor-0"));
  const { debts } = await terminal.json<HooksJson>("hooks");
  const debtId = debts[0]?.debtId ?? "";
  expect(await terminal.run("hooks", "settle", debtId)).toMatchObject({
    exitCode: 0,
  });
  const again = await terminal.run("hooks", "settle", debtId);
  expect(again).toMatchObject({ exitCode: 1 });
  expect(again.stderr).toContain("There is no debt");
});

test("a purge that a hook blocks is named, and goes on once the hook is removed", async () => {
  const { terminal, component } = await setUpHooks();
  const cutoff = NOW - DAY_MS / 2;
  const blocked = await finishRun(
    component,
    await startRun(component, "purge", cutoff),
  );
  expect(blocked).toMatchObject({ sessions: 0, quarantined: 3 });
  const { warnings } = await terminal.json<StatusJson>("status");
  expect(warnings).toContainEqual(
    expect.stringMatching(/did nothing.*hook onPurged \(shop:renamedLongAgo\)/),
  );
  const refused = await terminal.run("hooks", "clear", "onPurged");
  expect(refused).toMatchObject({ exitCode: 5 });
  expect(
    await terminal.run("hooks", "clear", "onPurged", "--yes"),
  ).toMatchObject({ exitCode: 0, stdout: "Removed the hook onPurged.\n" });
  expect((await terminal.run("hooks")).stdout).toBe(
    "No hooks are set.\nNothing is owed.\n",
  );
  expect(
    await finishRun(component, await startRun(component, "purge", cutoff)),
  ).toMatchObject({ sessions: 3, quarantined: 0 });
});

test("a hook that fails for visitors is named by status, doctor and hooks, and several are cleared at once", async () => {
  const { terminal, component } = await setUpHooks();
  await component.mutation(api.settings.settings.setHooks, {
    onStarted: GONE,
    onLinked: GONE,
  });
  const anonymousId = "new-1";
  const answer = await component.mutation(api.visitors.heartbeat.beat, {
    anonymousId,
  });
  expect(answer).toMatchObject({ ok: true, state: "created" });
  const failure = {
    firstAt: new Date(NOW).toISOString(),
    lastAt: new Date(NOW).toISOString(),
    error: expect.stringContaining("shop:renamedLongAgo") as string,
  };
  const status = await terminal.json<StatusJson>("status");
  expect(status).toMatchObject({
    hooks: [
      { name: "onStarted", handle: GONE, failure },
      { name: "onPurged", failure: null },
      { name: "onLinked", failure: null },
    ],
    hookDebts: 0,
  });
  expect(status.warnings).toContainEqual(
    expect.stringMatching(/hook onStarted failed, .* visitors were served/),
  );
  expect((await terminal.run("status")).stdout).toMatch(
    /Hooks +onStarted \(failed\), onPurged, onLinked\n/,
  );
  const doctor = await terminal.run("doctor", "--json");
  const { findings } = JSON.parse(doctor.stdout) as DoctorJson;
  expect(findings).toContainEqual(
    expect.objectContaining({
      check: "hooks",
      message: expect.stringContaining("onStarted failed, last at") as string,
    }),
  );
  expect((await terminal.run("hooks")).stdout).toContain("failed for visitors");
  expect((await terminal.run("settings", "get")).stdout).toMatch(
    /Hooks of the app:\nonStarted +function:\/\/;shop:renamedLongAgo\n/,
  );

  const some = ["hooks", "clear", "onStarted", "onEnded", "--yes"];
  expect((await terminal.run(...some)).stdout).toBe(
    "Removed the hook onStarted.\n",
  );
  expect((await terminal.run(...some)).stdout).toBe(
    "There is no hook onStarted or onEnded.\n",
  );
  const all = ["hooks", "clear", "--yes", "--reason", "gone"];
  expect(await terminal.json<HooksClearJson>(...all)).toEqual({
    cleared: ["onPurged", "onLinked"],
  });
  expect((await terminal.run(...all)).stdout).toBe("No hooks are set.\n");
  const { entries } = await component.query(api.operator.log.page, {
    what: ["hooks.changed"],
    limit: 2,
  });
  expect(entries).toMatchObject([
    { target: "onLinked", reason: "gone", after: { handle: null } },
    { target: "onPurged", reason: "gone" },
  ]);
  expect(entries[0]?.actor).toMatch(/^cli:/);
});
