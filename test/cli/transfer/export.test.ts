/** `export`, and the import of its files: all sessions, and the same bytes again. */
import {
  createWriteStream,
  existsSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { gunzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { ZipFile } from "yazl";
import type { ExportJson, ImportJson } from "../../../cli/json/transfer.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { expectInvariants } from "../../convex/support/rows.js";
import { finishRun } from "../../convex/support/runKit.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import { LINE_ENDS_TO_SOME, setUpEverything } from "../support/everything.js";
import type { FetchInit } from "../../../cli/deployment/http.js";
import { bodyOf } from "../support/fakeTerminal.js";
import {
  DAY_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";

function partsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.includes("part"));
}

/** The export an hour later, once runs have expired those who were active, and counted their visits. */
async function expiredAnHourLater({
  component,
  terminal,
}: ReturnType<typeof setUpDeployment>): Promise<string> {
  vi.setSystemTime(NOW + 60 * MINUTE_MS);
  // The first run may be one that is under way already, with an earlier cutoff.
  for (let runs = 0; runs < 2; runs += 1) {
    const { runId } = await component.mutation(api.runs.control.start, {
      kind: "expire",
      actor: "test",
      trigger: "operator",
    });
    await finishRun(component, runId);
  }
  return (await terminal.run("export", "-")).stdout;
}

const SESSIONS = 9;
const ACTIONS = 8;

test("export, import, export give the same bytes, for all states and values", async () => {
  const first = await setUpEverything();
  expect(
    await first.terminal.json<ExportJson>("export", "first.jsonl"),
  ).toMatchObject({
    sessions: SESSIONS,
    visits: 3,
    actions: ACTIONS,
    days: 2,
    lines: SESSIONS + 2,
  });
  const file = join(first.terminal.folder, "first.jsonl");
  const bytes = readFileSync(file);
  expect(bytes.toString().replaceAll(LINE_ENDS_TO_SOME, " and again"))
    .toMatchInlineSnapshot(`
      "{"day":"2026-08-12","newVisitors":2,"visits":2,"bounces":0,"engagedMs":0,"actions":2}
      {"day":"2026-08-13","newVisitors":1,"visits":1,"bounces":0,"engagedMs":0,"actions":1}
      {"anonymousId":"active","createdAt":1786794900000,"lastActive":1786794900000,"visits":1,"visitUnderWay":{"startedAt":1786794900000,"engagedMs":0,"actions":0}}
      {"anonymousId":"ended","createdAt":1786536000000,"lastActive":1786536000000,"visits":1,"ended":{"reason":"signed out"},"finishedVisits":[{"startedAt":1786536000000,"endedAt":1786536000000,"engagedMs":0,"actions":1,"why":"ended"}],"actions":[{"at":1786536000000,"action":"did","resourceId":"/pricing","metadata":{"$integer":"0gof64ypVCs="}}]}
      {"anonymousId":"expired","createdAt":1786536000000,"lastActive":1786536000000,"visits":1,"visitUnderWay":{"startedAt":1786536000000,"engagedMs":0,"actions":1},"actions":[{"at":1786536000000,"action":"did","metadata":{"a":[null,true,"ü😀"],"m":{"x":1,"y":2},"z":1}}]}
      {"anonymousId":"idle","createdAt":1786795079999.5,"lastActive":1786795140000,"visits":1,"visitUnderWay":{"startedAt":1786795140000,"engagedMs":0,"actions":0}}
      {"anonymousId":"linked","createdAt":1786536000000,"lastActive":1786536000000,"visits":1,"userId":"ada","visitUnderWay":{"startedAt":1786536000000,"engagedMs":0,"actions":0}}
      {"anonymousId":"revived","createdAt":1786536000000,"lastActive":1786794900000,"visits":2,"visitUnderWay":{"startedAt":1786794900000,"engagedMs":0,"actions":1},"finishedVisits":[{"startedAt":1786536000000,"endedAt":1786536000000,"engagedMs":0,"actions":1,"why":"idle"}],"actions":[{"at":1786536000000,"action":"did","metadata":{"$bytes":"AP8H"}},{"at":1786794900000,"action":"did","metadata":"again and again"}]}
      {"anonymousId":"short","createdAt":1786622400000,"lastActive":1786622400000,"visits":1,"ended":{},"finishedVisits":[{"startedAt":1786622400000,"endedAt":1786622400000,"engagedMs":0,"actions":1,"why":"ended"}],"actions":[{"at":1786622400000,"action":"did","metadata":[{"$float":"AAAAAAAA+H8="},{"$float":"AAAAAAAA8P8="},{"$float":"AAAAAAAAAIA="},0.1,1e+300]}]}
      {"anonymousId":"twice","createdAt":1786536000000,"lastActive":1786536000000,"visits":1,"visitUnderWay":{"startedAt":1786536000000,"engagedMs":0,"actions":3},"actions":[{"at":1786536000000,"action":"did","metadata":1},{"at":1786536000000,"action":"did","metadata":2},{"at":1786536000000,"action":"did","metadata":2}]}
      {"anonymousId":"unheard","createdAt":1786536000000,"lastActive":1786536000000,"visits":1,"visitUnderWay":{"startedAt":1786536000000,"engagedMs":0,"actions":0}}
      "
    `);

  const expired = await expiredAnHourLater(first);
  expect(expired).toContain('"why":"idle"');
  expect(expired).not.toContain("visitUnderWay");

  const second = setUpDeployment();
  expect(await second.terminal.json<ImportJson>("import", file)).toMatchObject({
    rows: SESSIONS,
    created: SESSIONS,
    actions: ACTIONS,
    invalid: 0,
  });
  await expectInvariants(second.component);
  await second.terminal.run("export", "second.jsonl");
  expect(
    readFileSync(join(second.terminal.folder, "second.jsonl")).equals(bytes),
  ).toBe(true);

  const again = await second.terminal.json<ImportJson>("import", file);
  expect(again).toMatchObject({ unchanged: SESSIONS, actions: 0 });

  expect(await expiredAnHourLater(second)).toBe(expired);
});

test("whose a visit was when it was over comes along, though the session was handed on before a run came by", async () => {
  const first = setUpDeployment();
  const { component } = first;
  const shared = { anonymousId: "shared" };
  const link = (userId: string) =>
    component.mutation(api.visitors.link.user, { ...shared, userId });
  const another = { anonymousId: "another" };
  vi.setSystemTime(NOW - 2 * DAY_MS);
  await component.mutation(api.visitors.heartbeat.beat, another);
  await link("ada");
  vi.setSystemTime(NOW - DAY_MS);
  await link("grace");
  await component.mutation(api.visitors.link.user, {
    ...another,
    userId: "bob",
  });
  vi.setSystemTime(NOW);
  const { stdout } = await first.terminal.run("export", "-");
  expect(stdout).toContain('"userId":"grace","visitUnderWay"');
  expect(stdout).toContain('"formerUserId":"ada"');
  expect(stdout).toContain('"formerUserId":null');
  await first.terminal.run("export", "first.jsonl");

  const second = setUpDeployment();
  const file = join(first.terminal.folder, "first.jsonl");
  expect(await second.terminal.json("import", file)).toMatchObject({
    created: 2,
    invalid: 0,
  });
  expect((await second.terminal.run("export", "-")).stdout).toBe(stdout);

  const expired = await expiredAnHourLater(first);
  expect(expired).toContain('"why":"idle","userId":"ada"');
  expect(expired).not.toMatch(/formerUserId|"why":"idle","userId":"bob"/);
  expect(await expiredAnHourLater(second)).toBe(expired);
});

test("a file named .gz is gzipped, with the same lines in it", async () => {
  const { terminal } = await setUpEverything();
  await terminal.run("export", "a.jsonl.gz");
  await terminal.run("export", "a.jsonl");
  const zipped = readFileSync(join(terminal.folder, "a.jsonl.gz"));
  expect(gunzipSync(zipped)).toEqual(
    readFileSync(join(terminal.folder, "a.jsonl")),
  );
  const other = setUpDeployment();
  await other.terminal.run("import", join(terminal.folder, "a.jsonl.gz"));
  await other.terminal.run("export", "b.jsonl.gz");
  expect(readFileSync(join(other.terminal.folder, "b.jsonl.gz"))).toEqual(
    zipped,
  );
});

test("a session with very many actions is exported in several lines and calls", async () => {
  const { terminal, component, calls } = setUpDeployment();
  for (const part of [0, 1, 2, 3, 4, 5]) {
    await component.mutation(api.operator.import.batch, {
      rows: [
        {
          anonymousId: "busy",
          createdAt: 0,
          lastActive: NOW - DAY_MS,
          actions: Array.from({ length: 2_000 }, (_, i) => ({
            // Groups of seven at one time, one of which is at each boundary.
            at: part * 1_000 + Math.floor(i / 7),
            action: `a${i % 5}`,
          })),
        },
        { anonymousId: `z${part}`, createdAt: 0, lastActive: NOW - DAY_MS },
      ],
    });
  }
  const exported = await terminal.json<ExportJson>("export", "a.jsonl");
  expect(exported).toMatchObject({ sessions: 7, actions: 12_000, lines: 18 });
  expect(
    calls.filter((call) => call === "operator/export:page").length,
  ).toBeGreaterThan(1);

  const other = setUpDeployment();
  const path = join(terminal.folder, "a.jsonl");
  await other.terminal.run("import", path);
  await other.terminal.run("export", "b.jsonl");
  expect(
    readFileSync(join(other.terminal.folder, "b.jsonl")).equals(
      readFileSync(path),
    ),
  ).toBe(true);
}, 60_000);

test("an existing file stays unless --force is given, and a broken export leaves no file", async () => {
  const { terminal } = await setUpEverything();
  terminal.write("a.jsonl", "mine\n");
  const refused = await terminal.run("export", "a.jsonl");
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain("--force");
  expect(readFileSync(join(terminal.folder, "a.jsonl"), "utf8")).toBe("mine\n");

  const online = terminal.overrides.fetch;
  Object.assign(terminal.overrides, {
    fetch: async (input: string, init: FetchInit) => {
      const { path } = bodyOf<{ path: string }>(init);
      if (path === "operator/export:page") throw new TypeError("fetch failed");
      return await online?.(input, init);
    },
  });
  expect(await terminal.run("export", "b.jsonl.gz")).toMatchObject({
    exitCode: 4,
  });
  expect(existsSync(join(terminal.folder, "b.jsonl.gz"))).toBe(false);
  expect(partsIn(terminal.folder)).toEqual([]);
  expect(await terminal.run("export", "-", "--json")).toMatchObject({
    exitCode: 2,
  });
});

test("Ctrl-C where a page gets no answer leaves no file, and ends at once", async () => {
  const { terminal } = await setUpEverything();
  terminal.interruptAt("operator/export:page", { isAnswered: false });
  const { exitCode, stderr } = await terminal.run("export", "a.jsonl");
  expect(stderr).toContain("Interrupted; nothing was exported.");
  expect(exitCode).toBe(2);
  expect(existsSync(join(terminal.folder, "a.jsonl"))).toBe(false);
  expect(partsIn(terminal.folder)).toEqual([]);
});

test("Ctrl-C where an import gets no answer says at which line to go on", async () => {
  const { terminal } = await setUpEverything();
  const line = { anonymousId: "new", createdAt: 1, lastActive: NOW };
  terminal.write("a.jsonl", JSON.stringify(line));
  terminal.interruptAt("operator/import:batch", { isAnswered: false });
  const { exitCode, stderr } = await terminal.run("import", "a.jsonl");
  expect(stderr).toContain("Interrupted. The lines before 1 are imported.");
  expect(exitCode).toBe(2);
});

describe("the ZIP of `npx convex export`", () => {
  const at = NOW - DAY_MS;
  const documents = [
    {
      _creationTime: 1_719_990_000_000.123,
      _id: "j97abc",
      anonymousId: "user123",
      createdAt: at - 1_000,
      lastActive: at,
      actions: [
        { action: "page_view", resourceId: "home", timestamp: at },
        {
          action: "buy",
          metadata: { cents: { $integer: "BQAAAAAAAAA=" } },
          timestamp: at,
        },
      ],
    },
    {
      _creationTime: 1_719_990_000_000.456,
      _id: "j97abd",
      anonymousId: "user124",
      createdAt: at,
      lastActive: at,
      actions: [],
    },
  ];

  /** Writes a ZIP in the layout of the official export. */
  async function writeZip(path: string, table: string): Promise<void> {
    const zip = new ZipFile();
    const add = (name: string, lines: object[]) =>
      zip.addBuffer(
        Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join("")),
        name,
      );
    zip.addBuffer(Buffer.from("# A snapshot\n"), "README.md");
    add("_tables/documents.jsonl", [{ name: table, id: 10_001 }]);
    add("users/documents.jsonl", [{ _id: "x", name: "ada" }]);
    add(`_components/other/${table}/documents.jsonl`, [{ _id: "y" }]);
    zip.addBuffer(
      Buffer.from('"uniform"\n'),
      `${table}/generated_schema.jsonl`,
    );
    add(`${table}/documents.jsonl`, documents);
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(path));
  }

  test.each(["sessions", "visitors"])("with the table %s", async (table) => {
    const { terminal, component } = setUpDeployment();
    await writeZip(join(terminal.folder, "old.zip"), table);
    const result = await terminal.json<ImportJson>(
      ...["import", "old.zip", "--table", table],
    );
    expect(result).toMatchObject({ rows: 2, created: 2, actions: 2 });
    const { sessionId = "" } =
      (await component.query(api.operator.show.get, { id: "user123" })) ?? {};
    const { actions } = await component.query(api.operator.show.timeline, {
      sessionId: sessionId as never,
    });
    expect(actions).toContainEqual({
      at,
      action: "buy",
      metadata: { cents: 5n },
    });
  });

  test("without the named table lists its tables; a file that is no ZIP is refused", async () => {
    const { terminal } = setUpDeployment();
    await writeZip(join(terminal.folder, "old.zip"), "visitors");
    const missing = await terminal.run("import", "old.zip");
    expect(missing.exitCode).toBe(2);
    expect(missing.stderr).toContain(
      'has no table "sessions"; it has users, visitors. Name the one',
    );
    terminal.write("broken.zip", "PK but no more");
    const broken = await terminal.run("import", "broken.zip");
    expect(broken.exitCode).toBe(2);
    expect(broken.stderr).toContain("cannot be read as one");
  });

  test("a truncated gzip is an error, not the end of the file", async () => {
    const { terminal } = await setUpEverything();
    await terminal.run("export", "a.jsonl.gz");
    const whole = readFileSync(join(terminal.folder, "a.jsonl.gz"));
    const { terminal: other } = setUpDeployment();
    writeFileSync(join(other.folder, "torn.jsonl.gz"), whole.subarray(0, -20));
    const torn = await other.run("import", "torn.jsonl.gz");
    expect(torn.exitCode).toBe(1);
    expect(torn.stderr).toContain("Reading");
  });
});
