/** `end` and `forget` of many: what they take, what they ask, and what they say of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import type { ManyDryRunJson } from "../../../cli/json/dryRun.js";
import type {
  RunListJson,
  RunResultJson,
  RunShowJson,
} from "../../../cli/json/run.js";
import type { ListJson } from "../../../cli/json/session.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import {
  DAY_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import { expectInvariants } from "../../convex/support/rows.js";
import { seedExpired, visitors } from "../../convex/support/runKit.js";
import { NOW, setUpDeployment } from "../support/deployment.js";

/**
 * Ada has a phone, a laptop and a tablet that she used three days ago; bob has one device. Phone, laptop and bob were
 * there a minute ago, and each device did one thing.
 */
async function setUpDevices(overrides = {}) {
  const deployment = setUpDeployment(overrides);
  const { component, terminal } = deployment;
  const visit = async (anonymousId: string, userId: string, agoMs: number) => {
    vi.setSystemTime(NOW - agoMs);
    await component.mutation(api.visitors.action.record, {
      ...{ anonymousId, action: "view" },
    });
    await component.mutation(api.visitors.link.user, { anonymousId, userId });
  };
  await visit("tablet", "ada", 3 * DAY_MS);
  await visit("phone", "ada", MINUTE_MS);
  await visit("laptop", "ada", MINUTE_MS);
  await visit("bob", "bob", MINUTE_MS);
  vi.setSystemTime(NOW);
  const states = async () => {
    const { sessions } = await terminal.json<ListJson>("list");
    return Object.fromEntries(
      sessions.map(({ anonymousId, state }) => [anonymousId, state]),
    );
  };
  return { ...deployment, states };
}

describe("end by a filter", () => {
  test("ends all visits of a user and blocks all their sessions, and says so wherever runs are shown", async () => {
    const { terminal, component, states } = await setUpDevices();
    const end = ["end", "--user", "ada", "--block", "24h"];
    const run = await terminal.json<RunResultJson>(...end, "--yes");
    expect(run).toMatchObject({ status: "completed", sessions: 3 });
    expect(await states()).toEqual({
      ...{ phone: "ended", laptop: "ended", tablet: "ended", bob: "active" },
    });
    const visitor = { anonymousId: "tablet" };
    expect(
      await component.mutation(api.visitors.heartbeat.beat, visitor),
    ).toMatchObject({ ok: false, reason: "revoked" });

    const runId = run.runId ?? "";
    const shown = await terminal.json<RunShowJson>("runs", "show", runId);
    expect(shown).toMatchObject({
      kind: "end",
      filter: { userId: "ada", state: null, activeBefore: null },
      blockedUntil: "2026-08-16T12:00:00.000Z",
      expected: 3,
    });
    const { stdout } = await terminal.run("runs", "show", runId);
    expect(stdout).toContain("Sessions: of user ada; none created after ");
    expect(stdout).toContain("Blocked: until 2026-08-16 12:00:00 UTC");
    expect(stdout).toContain("Ended: 3 sessions, ");
    const { stdout: list } = await terminal.run(
      "runs",
      "list",
      "--kind",
      "end",
    );
    expect(list).toMatch(/ end +completed .* of user ada +3 +- +- /);
    const { runs } = await terminal.json<StatusJson>("status");
    expect(runs).toMatchObject([{ kind: "end", sessions: 3 }]);
    await expectInvariants(component);
  });

  test("asks once, with what it would do, and ends nothing without a yes", async () => {
    const { terminal, states } = await setUpDevices({ interactive: true });
    terminal.answers = [false, true];
    const end = ["end", "--user", "ada", "--block", "forever"];
    expect(await terminal.run(...end)).toMatchObject({ exitCode: 2 });
    expect(terminal.questions).toEqual([
      "End 3 sessions of user ada and block the visitors for good?",
    ]);
    expect((await states())["phone"]).toBe("active");
    const { exitCode, stdout, stderr } = await terminal.run(...end);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      "Sessions of user ada: 3 sessions (2 active, 1 expired), last active from 2026-08-12 12:00:00 UTC to 2026-08-15 11:59:00 UTC, with 3 visits, 3 of them under way, and 3 actions.",
    );
    expect(stdout).toMatch(
      /^Run \w+ completed: ended 3 sessions; 1 page in .*; sessions of user ada\.\n$/,
    );
  });

  test("leaves the one that is excepted by either id, and without a block those that are not there", async () => {
    const { terminal, states } = await setUpDevices();
    await terminal.json("expire");
    const end = ["end", "--user", "ada", "--except", "phone", "--yes"];
    expect(await terminal.json<RunResultJson>(...end)).toMatchObject({
      sessions: 1,
    });
    expect(await states()).toEqual({
      ...{ phone: "active", laptop: "ended", tablet: "expired", bob: "active" },
    });
    const again = await terminal.run(...end);
    expect(again).toMatchObject({ exitCode: 0 });
    expect(again.stdout).toBe("Nothing to end; no run started.\n");
  });

  test.each([
    [["--active-before", "12h"], ["tablet"]],
    [
      ["--active-after", "1h"],
      ["bob", "laptop", "phone"],
    ],
    [["--created-before", "2026-08-13"], ["tablet"]],
    [["--created-after", "2d", "--user", "bob"], ["bob"]],
    [
      ["--state", "active"],
      ["bob", "laptop", "phone"],
    ],
  ])("%j takes %j", async (filter, expected) => {
    const { terminal, states } = await setUpDevices();
    const dry = await terminal.json<ManyDryRunJson>(
      ...["end", ...filter, "--block", "1h", "--dry-run"],
    );
    expect(dry).toMatchObject({ dryRun: true, sessions: expected.length });
    await terminal.json("end", ...filter, "--block", "1h", "--yes");
    const ended = Object.entries(await states()).filter(
      ([, state]) => state === "ended",
    );
    expect(ended.map(([id]) => id).sort()).toEqual(expected);
  });

  test("previews exactly what it then ends, by the command that it prints", async () => {
    const { terminal } = await setUpDevices();
    const line = ["end", "--active-after", "1h", "--max", "2", "--dry-run"];
    expect(await terminal.json<ManyDryRunJson>(...line)).toEqual({
      ...{ dryRun: true, kind: "end", cutoff: "2026-08-15T12:00:00.000Z" },
      filter: {
        ...{ userId: null, state: null, exceptSessionId: null },
        ...{ createdBefore: null, createdAfter: null, activeBefore: null },
        activeAfter: "2026-08-15T11:00:00.000Z",
      },
      ...{ blockedUntil: null, wouldTake: 2, sessions: 3, max: 2 },
      byState: { active: 3, expired: 0, ended: 0 },
      ...{ underWay: 3, visits: 3, actions: 3 },
      oldest: "2026-08-15T11:59:00.000Z",
      newest: "2026-08-15T11:59:00.000Z",
    });
    const { stdout } = await terminal.run(...line);
    expect(stdout).toContain(
      "Dry run, nothing ended. It would end 2 sessions of the 3 sessions (3 active), last active",
    );
    const [, command = ""] =
      /To end these: sessions-ops (.*)\n/.exec(stdout) ?? [];
    expect(command).toBe("end --active-after 2026-08-15T11:00:00.000Z --max 2");
    const run = await terminal.json<RunResultJson>(
      ...command.split(" "),
      "--yes",
    );
    expect(run).toMatchObject({ status: "maxReached", sessions: 2 });
    const runId = run.runId ?? "";
    expect(
      await terminal.json<RunResultJson>("runs", "resume", runId),
    ).toMatchObject({ status: "completed", sessions: 3 });
  });

  test("says which other end is under way, and starts none", async () => {
    const { terminal, component, runs } = await setUpDevices();
    const { runId } = await component.mutation(api.runs.control.start, {
      ...{ kind: "end", filter: { userId: "bob" } },
      ...{ actor: "cli:bob@desk", trigger: "operator" },
    });
    const { exitCode, stderr } = await terminal.run(
      "end",
      "--user",
      "ada",
      "--yes",
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      `Run ${runId} is already running, started by cli:bob@desk, with a filter of its own (of user bob), and only one end runs at a time.`,
    );
    expect(await runs()).toHaveLength(1);
  });

  test("detaches at Ctrl-C, and the run goes on", async () => {
    const { terminal, component } = setUpDeployment();
    await seedExpired(component, visitors(50, NOW - DAY_MS));
    const line = ["end", "--active-before", "12h", "--block", "1h", "--yes"];
    terminal.interruptAt("runs/ledger:get", { isAnswered: true });
    const { exitCode, stderr } = await terminal.run(...line, "--rate", "1");
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /Detached\. The run goes on: `sessions-ops runs watch/,
    );
  });
});

describe("forget by a filter", () => {
  test("erases a user everywhere after a yes, and nobody else", async () => {
    const { terminal, component, states } = await setUpDevices();
    const forget = ["forget", "--user", "ada"];
    const refused = await terminal.run(...forget, "--json");
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr).toContain("--yes, or --confirm 3");
    const { stdout } = await terminal.run(
      ...forget,
      "--yes",
      "--reason",
      "GDPR 42",
    );
    expect(stdout).toMatch(
      /completed: erased 3 sessions, 3 visits and 3 actions; /,
    );
    expect(await states()).toEqual({ bob: "active" });
    const { actions } = await expectInvariants(component);
    expect(actions).toHaveLength(1);
    const { runs } = await terminal.json<RunListJson>("runs", "list");
    expect(runs).toMatchObject([
      { kind: "forget", reason: "GDPR 42", visits: 3, actions: 3 },
    ]);
  });

  test("needs the number where no user is named, and a habitual yes is not enough", async () => {
    const { terminal, states } = await setUpDevices();
    const forget = ["forget", "--active-before", "12h"];
    const refused = await terminal.run(...forget, "--yes");
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr).toContain("Pass --confirm 1 to erase 1 session.");
    expect((await terminal.run(...forget, "--confirm", "2")).exitCode).toBe(5);
    expect(Object.keys(await states())).toHaveLength(4);
    expect(
      await terminal.json<RunResultJson>(...forget, "--confirm", "1"),
    ).toMatchObject({ sessions: 1 });
    expect(Object.keys(await states())).toHaveLength(3);
  });

  test("erases only what is on disk in an archive, where one is asked for", async () => {
    const { terminal, states } = await setUpDevices();
    const forget = ["forget", "--user", "ada", "--yes"];
    const archived = ["--archive", "ada.jsonl.gz"];
    const { exitCode, stdout, stderr } = await terminal.run(
      ...[...forget, ...archived, "--reason", "asked for a copy"],
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stdout).toContain("completed: erased 3 sessions, 3 visits");
    expect(stderr).toMatch(/What it deleted is in \S+ada\.jsonl\.gz\./);
    expect(Object.keys(await states())).toEqual(["bob"]);
    const lines = gunzipSync(
      readFileSync(join(terminal.folder, "ada.jsonl.gz")),
    )
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { anonymousId?: string });
    const ids = lines.flatMap(({ anonymousId = [] }) => anonymousId);
    expect(ids.sort()).toEqual(["laptop", "phone", "tablet"]);
    const again = await terminal.run(...forget, ...archived);
    expect(again.stdout).toBe("Nothing to forget; no run started.\n");
    const without = await terminal.run(...forget, "--without-ids");
    expect(without).toMatchObject({ exitCode: 2 });
  });

  test("goes on with its archive after a stop, by the command that it names", async () => {
    const { terminal, component, states } = await setUpDevices();
    await component.mutation(api.settings.settings.change, {
      ...{ actor: "bob", patch: { pageSize: 1 } },
    });
    const line = ["forget", "--user", "ada", "--archive", "a.gz"];
    const online = { ...terminal.overrides };
    terminal.interruptAt("runs/archive:purgePage", { isAnswered: true });
    const stopped = await terminal.run(...line, "--yes");
    expect(stopped.exitCode).toBe(2);
    const [, command = ""] =
      /`sessions-ops (runs resume [^`]*)` goes on/.exec(stopped.stderr) ?? [];
    Object.assign(terminal.overrides, online);
    const { exitCode, stdout } = await terminal.run(...command.split(" "));
    expect(exitCode).toBe(0);
    expect(stdout).toContain("erased 3 sessions");
    expect(Object.keys(await states())).toEqual(["bob"]);
  });

  test("erases whoever the app's hook fails for, and says what it owes", async () => {
    const { terminal, component, states } = await setUpDevices();
    await component.mutation(api.settings.settings.setHooks, {
      onPurged: "function://;shop:renamedLongAgo",
    });
    const { stdout, stderr } = await terminal.run(
      "forget",
      "--user",
      "ada",
      "--yes",
    );
    expect(stdout).toContain("erased 3 sessions");
    expect(stderr).toContain("`sessions-ops hooks retry` calls it again");
    expect(Object.keys(await states())).toEqual(["bob"]);
  });
});

test.each([
  [["end"], "Nothing says which sessions. Give an ID, or name them by --user"],
  [["forget", "--except", "phone"], "Nothing says which sessions."],
  [["forget", "--user", "ada", "--session-id"], "are about an ID"],
  [["end", "phone", "--user", "ada"], "An ID names one session, and --user is"],
  [["end", "phone", "--confirm", "1"], "and --confirm is about many"],
  [
    ["forget", "phone", "--yes", "--max", "1"],
    "and --yes, --max is about many",
  ],
  [["end", "--user", "ada", "--confirm", "x"], "is no number of sessions"],
  [["end", "--active-before", "soon"], '--active-before "soon" is not a time'],
  [["end", "--state", "gone"], "Allowed choices are active, expired, ended"],
])("%j is a usage error", async (line, why) => {
  const { terminal, states } = await setUpDevices();
  const { exitCode, stderr } = await terminal.run(...line);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining(why) as string,
  });
  expect(Object.keys(await states())).toHaveLength(4);
});

test.each([
  [
    ["--active-before", "2030-01-01"],
    2,
    "activeBefore must be a time from 1970 to now",
  ],
  [
    ["--active-after", "1h", "--active-before", "2h"],
    2,
    "No session is active both",
  ],
  [
    ["--except", "nobody", "--user", "ada"],
    1,
    'There is no session with the sessionId or anonymousId "nobody"',
  ],
])("end %j is refused, and nothing is ended", async (filter, code, why) => {
  const { terminal, states } = await setUpDevices();
  const { exitCode, stderr } = await terminal.run("end", ...filter, "--yes");
  expect(exitCode).toBe(code);
  expect(stderr).toContain(why);
  expect(Object.values(await states())).not.toContain("ended");
});
