/** ZIPs of `npx convex export`: the component's own tables in them, and odd ones. */
import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { convexToJson, type Value } from "convex/values";
import { describe, expect, test } from "vitest";
import { ZipFile, type Options } from "yazl";
import type { ImportJson } from "../../../cli/json/transfer.js";
import { expectInvariants, readRows } from "../../convex/support/rows.js";
import { NOW, setUpDeployment } from "../support/deployment.js";
import { setUpEverything } from "../support/everything.js";
import type { FakeTerminal } from "../support/fakeTerminal.js";
import {
  DAY_MS,
  HOUR_MS,
} from "../../../convex/sessionTracker/shared/times.js";

type Deployment = ReturnType<typeof setUpDeployment>;

const lines = (documents: readonly unknown[]) =>
  documents
    .map((one) => `${JSON.stringify(convexToJson(one as Value))}\n`)
    .join("");

/** Writes a ZIP of the files, by their path in it. */
async function writeZip(
  terminal: FakeTerminal,
  name: string,
  files: Record<string, string>,
  options: Partial<Options> = {},
): Promise<string> {
  const zip = new ZipFile();
  for (const [path, text] of Object.entries(files)) {
    zip.addBuffer(Buffer.from(text), path, options);
  }
  zip.end();
  const path = join(terminal.folder, name);
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

/** The tables of the component, as the official export lays them out. */
async function backupOf(
  { component }: Deployment,
  folder = "_components/sessionTracker/",
): Promise<Record<string, string>> {
  const { sessions, leases, actions } = await readRows(component);
  const { visits, days } = await component.run(async (ctx) => ({
    visits: await ctx.db.query("visits").collect(),
    days: await ctx.db.query("days").collect(),
  }));
  const counted = { visits, days, ticks: [], runs: [] };
  const tables = { sessions, leases, actions, ...counted };
  return Object.fromEntries(
    Object.entries(tables).flatMap(([table, documents]) => [
      // The two tables are in different orders.
      [`${folder}${table}/documents.jsonl`, lines([...documents].reverse())],
      [`${folder}${table}/generated_schema.jsonl`, '"uniform"\n'],
    ]),
  );
}

describe("a backup of an app with the component", () => {
  const APP = {
    "README.md": "# A snapshot\n",
    "_tables/documents.jsonl": '{"name":"users","id":10001}\n',
    "users/documents.jsonl": '{"_id":"x","name":"ada"}\n',
    "_components/other/sessions/documents.jsonl": '{"_id":"y"}\n',
  };

  test.each([
    "_components/sessionTracker/",
    "_components/visitors/",
    "_components/a/_components/b/",
  ])(
    "in %s is imported whole, so that `export` writes the same",
    async (folder) => {
      const first = await setUpEverything();
      const { terminal } = first;
      await terminal.run("end", "short", "--block", "forever");
      await first.component.run(async (ctx) => {
        const lease = (await ctx.db.query("leases").collect())[0]!;
        await ctx.db.patch("leases", lease._id, { purgedActions: 3 });
      });
      await terminal.run("export", "first.jsonl");
      const files = { ...APP, ...(await backupOf(first, folder)) };
      const zip = await writeZip(terminal, "backup.zip", files);

      const second = setUpDeployment();
      const imported = await second.terminal.run("import", zip, "--json");
      expect(imported.stderr).toContain("Reads the sessions of the component");
      expect(imported.stderr).not.toContain("Fields that are not imported");
      expect(JSON.parse(imported.stdout)).toMatchObject({
        rows: 9,
        created: 9,
        actions: 8,
        invalid: 0,
      });
      await expectInvariants(second.component);
      await second.terminal.run("export", "second.jsonl");
      const [before, after] = [
        join(terminal.folder, "first.jsonl"),
        join(second.terminal.folder, "second.jsonl"),
      ].map((path) => readFileSync(path, "utf8"));
      expect(after).toBe(before);
      expect(after).toContain('"blockedUntil":"forever"');
      expect(after).toContain('"purgedActions":3');
      const again = await second.terminal.json<ImportJson>("import", zip);
      expect(again).toMatchObject({ unchanged: 9, actions: 0 });
    },
  );

  test("of two components is imported from the one of the same name, else the command asks for it", async () => {
    const deployment = await setUpEverything();
    const files = {
      ...(await backupOf(deployment, "_components/a/")),
      ...(await backupOf(deployment, "_components/b/")),
    };
    const { terminal } = setUpDeployment();
    await writeZip(terminal, "two.zip", files);
    const asked = await terminal.run("import", "two.zip");
    expect(asked.exitCode).toBe(2);
    expect(asked.stderr).toContain("has sessions of 2 components (a, b)");
    const here = await backupOf(deployment);
    await writeZip(terminal, "three.zip", { ...files, ...here });
    const result = await terminal.run("import", "three.zip");
    expect(result.stderr).toContain("of the component sessionTracker in");
    expect(result.exitCode).toBe(0);
  });

  test("with a table of the app besides needs --table or --component", async () => {
    const { terminal } = setUpDeployment();
    const row = { anonymousId: "old", createdAt: NOW, lastActive: NOW };
    await writeZip(terminal, "both.zip", {
      ...(await backupOf(await setUpEverything())),
      "sessions/documents.jsonl": lines([row]),
    });
    const asked = await terminal.run("import", "both.zip");
    expect(asked.exitCode).toBe(2);
    expect(asked.stderr).toContain(
      "Pass --table sessions for the app's, --component sessionTracker for the component's.",
    );
    const { terminal: other } = setUpDeployment();
    const path = join(terminal.folder, "both.zip");
    expect(
      await other.json<ImportJson>("import", path, "--table", "sessions"),
    ).toMatchObject({ rows: 1, created: 1 });
    expect(
      await other.json<ImportJson>(
        ...["import", path, "--component", "sessionTracker"],
      ),
    ).toMatchObject({ rows: 9, created: 9 });
  });

  test("rows that belong to no session are left out and counted; an invalid session is named", async () => {
    const { terminal } = setUpDeployment();
    const session = {
      _id: "s1",
      anonymousId: "a",
      createdAt: NOW - DAY_MS,
      state: "expired",
      visits: 1,
      actionCount: 0,
      inactiveSince: NOW - HOUR_MS,
      later: "a field of a later version",
    };
    const folder = "_components/sessionTracker/";
    await writeZip(terminal, "odd.zip", {
      [`${folder}sessions/documents.jsonl`]: lines([
        session,
        { ...session, _id: "s2", anonymousId: "has space" },
      ]),
      [`${folder}leases/documents.jsonl`]: lines([
        { session: "s9", lastActive: NOW },
      ]),
      [`${folder}actions/documents.jsonl`]: lines([
        { session: "s8", at: NOW - DAY_MS, action: "x" },
        { session: "s1", at: NOW - DAY_MS, action: "y" },
      ]),
    });
    const { stderr, stdout } = await terminal.run(
      ...["import", "odd.zip", "--skip-invalid", "--json"],
    );
    expect(JSON.parse(stdout)).toMatchObject({ rows: 1, actions: 1 });
    expect(stderr).toMatch(
      /line \d: anonymousId must be .* got "has space" \(session s2\)\n/,
    );
    expect(stderr).toContain("Fields that are not imported: later (2 lines).");
    expect(stderr).toContain(
      "1 lease and 1 action in the backup belong to no session in it, and are not imported.",
    );
  });

  test("tables larger than a temporary file are joined as well", async () => {
    const { terminal } = setUpDeployment();
    const text = "x".repeat(200_000);
    const sessions = Array.from({ length: 90 }, (_, i) => ({
      _id: `s${i}`,
      anonymousId: `v${i}`,
      createdAt: NOW - DAY_MS,
      state: "expired",
      visits: 1,
      inactiveSince: NOW - HOUR_MS,
    }));
    const actions = sessions.flatMap(({ _id }) =>
      [2, 1].map((n) => ({
        session: _id,
        at: NOW - DAY_MS + n,
        action: `a${n}`,
        metadata: text,
      })),
    );
    const folder = "_components/sessionTracker/";
    await writeZip(terminal, "large.zip", {
      [`${folder}sessions/documents.jsonl`]: lines(sessions),
      [`${folder}leases/documents.jsonl`]: "",
      [`${folder}actions/documents.jsonl`]: lines(actions),
    });
    const result = await terminal.json<ImportJson>("import", "large.zip");
    expect(result).toMatchObject({ rows: 90, created: 90, actions: 180 });
  });
});

describe("a ZIP with odd entries is refused in words", () => {
  const row = { anonymousId: "a", createdAt: NOW, lastActive: NOW };
  const sessions = { "sessions/documents.jsonl": lines([row]) };

  async function refused(terminal: FakeTerminal): Promise<string> {
    const { exitCode, stderr } = await terminal.run("import", "odd.zip");
    expect(stderr).toContain("odd.zip begins like a ZIP file and cannot be");
    expect(stderr).not.toMatch(/unexpected failure|\n +at /);
    expect(exitCode).toBe(2);
    return stderr;
  }

  /** The same ZIP with some bytes changed, wherever they are. */
  function patch(path: string, from: string, to: string): void {
    const bytes = readFileSync(path).toString("latin1");
    writeFileSync(path, Buffer.from(bytes.replaceAll(from, to), "latin1"));
  }

  test.each([
    ["an absolute name", "/etc/passwdxxxx", "absolute path"],
    ["one that leaves the folder", "../../etc/passw", "invalid relative path"],
  ])("%s", async (_what, name, said) => {
    const { terminal } = setUpDeployment();
    const files = { ...sessions, "name-to-replace": "x" };
    const path = await writeZip(terminal, "odd.zip", files);
    patch(path, "name-to-replace", name);
    expect(await refused(terminal)).toContain(said);
  });

  test("with the table twice", async () => {
    const { terminal } = setUpDeployment();
    const other = { "sessionz/documents.jsonl": lines([row]) };
    const files = { ...sessions, ...other };
    const path = await writeZip(terminal, "odd.zip", files);
    patch(path, "sessionz", "sessions");
    const stderr = await refused(terminal);
    expect(stderr).toContain("it has sessions/documents.jsonl twice");
  });

  test("with an encrypted table", async () => {
    const { terminal } = setUpDeployment();
    const path = await writeZip(terminal, "odd.zip", sessions);
    const bytes = readFileSync(path);
    // These bytes are the general purpose flags of the entry in the central directory.
    bytes[bytes.indexOf("PK\u0001\u0002") + 8]! |= 1;
    writeFileSync(path, bytes);
    expect(await refused(terminal)).toContain("is encrypted");
  });

  test("with an unknown compression", async () => {
    const { terminal } = setUpDeployment();
    const path = await writeZip(terminal, "odd.zip", sessions);
    const bytes = readFileSync(path);
    bytes[bytes.indexOf("PK\u0001\u0002") + 10] = 93;
    writeFileSync(path, bytes);
    expect(await refused(terminal)).toContain("compressed by method 93");
  });

  test("with values as texts, as old exports had them", async () => {
    const { terminal } = setUpDeployment();
    await writeZip(terminal, "odd.zip", {
      ...sessions,
      "sessions/generated_schema.jsonl": '{"type":"Object"}\n',
    });
    expect(await refused(terminal)).toContain("export it anew");
  });

  test("a ZIP with folders, ZIP64 and other files is imported", async () => {
    const { terminal } = setUpDeployment();
    await writeZip(
      terminal,
      "good.zip",
      { ...sessions, "_storage/abc": "x", "README.md": "x" },
      { forceZip64Format: true },
    );
    const result = await terminal.json<ImportJson>("import", "good.zip");
    expect(result).toMatchObject({ rows: 1, created: 1 });
  });
});
