/** A backup that `npx convex export` makes of a real deployment, imported into an empty one. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ServeJson } from "../../../cli/json/ready.js";
import type { ImportJson } from "../../../cli/json/transfer.js";
import { CONVEX_CLI } from "../../../embedded/test/support/officialCli.js";
import { RealCli } from "../support/realCli.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const cli = new RealCli();

async function serve(dataDir: string) {
  const args = ["serve", "--port", "0", "--data", dataDir, "--json"];
  const running = cli.start(args);
  const served = await running.printed<ServeJson>();
  await cli.putOffPurges();
  const stop = async (): Promise<void> => {
    running.child.kill("SIGTERM");
    await running.finished;
  };
  return { ...served, stop };
}

function convexExport({ url, adminKeyFile }: ServeJson, path: string): void {
  execFileSync(process.execPath, [CONVEX_CLI, "export", "--path", path], {
    cwd: cli.folder,
    stdio: "ignore",
    env: {
      PATH: process.env["PATH"],
      HOME: cli.folder,
      CONVEX_SELF_HOSTED_URL: url,
      CONVEX_SELF_HOSTED_ADMIN_KEY: readFileSync(adminKeyFile, "utf8").trim(),
    },
  });
}

/** A visitor who is there, with actions of the visit under way. */
async function visit(url: string, anonymousId: string): Promise<void> {
  const call = async (path: string, args: object) => {
    const response = await fetch(`${url}/api/mutation`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ path, args: { anonymousId, ...args } }),
    });
    expect(await response.json()).toMatchObject({ value: { ok: true } });
  };
  await call("sessions:trackSession", {});
  for (const cents of [1, 2]) {
    const metadata = { cents };
    await call("sessions:trackUserAction", { action: "buy", metadata });
  }
}

test("a deployment restored from the official backup exports the same, leases and actions included", async () => {
  const first = await serve("first");
  const at = Date.now() - 3 * DAY_MS;
  const rows = [
    { anonymousId: "ended", ended: { reason: "signed out" } },
    { anonymousId: "linked", userId: "ada", visits: 7 },
    ...Array.from({ length: 200 }, (_, i) => ({
      anonymousId: `visitor-${i}`,
      actions: Array.from({ length: 5 }, (_, n) => ({
        at: at - (n % 3),
        action: "view",
        metadata: [{ $float: "AAAAAAAA+H8=" }, { $bytes: "AP8H" }, i * n],
      })),
    })),
  ].map((row) => ({ ...row, createdAt: at - DAY_MS, lastActive: at }));
  const jsonl = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  await cli.quick<ImportJson>(["import", "-"], jsonl);
  await visit(first.url, "here");
  await cli.quick(["export", "first.jsonl"]);
  convexExport(first, "backup.zip");
  await first.stop();

  const second = await serve("second");
  const imported = await cli.json<ImportJson>(["import", "backup.zip"]);
  expect(imported).toMatchObject({
    rows: 203,
    created: 203,
    actions: 1_002,
    invalid: 0,
  });
  await cli.quick(["export", "second.jsonl"]);
  await second.stop();
  const [before, after] = ["first.jsonl", "second.jsonl"].map((name) =>
    readFileSync(join(cli.folder, name), "utf8"),
  );
  expect(before).toContain('"anonymousId":"here"');
  expect(after).toBe(before);
}, 240_000);
