import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ImportRow } from "../../cli/deployment/api.js";
import type { ListJson } from "../../cli/json/session.js";
import type { StatusJson } from "../../cli/json/status/status.js";
import type { ImportJson } from "../../cli/json/transfer.js";
import { isMissing } from "../../embedded/test/support/process/missing.js";
import {
  openDeployment,
  type EmbeddedDeployment,
} from "../../embedded/src/index.js";

const ROOT = join(import.meta.dirname, "../..");
const LOG = join(ROOT, "../shared/data/access.log");

const why = existsSync(LOG) ? null : `there is no ${LOG}`;

// The log comes with no clone: these tests run where somebody has it beside theirs.
describe.skipIf(isMissing(why, { isRequired: false }))(
  "a real log of 10,000 requests",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "sessions-ops-log-"));
    const file = join(folder, "sessions.jsonl");
    let deployment: EmbeddedDeployment;
    let rows: ImportRow[];

    beforeAll(async () => {
      const dataDir = join(folder, "data");
      deployment = await openDeployment({ dataDir, port: 0 });
      await run([
        ...["node_modules/convex/bin/main.js", "deploy", "--yes"],
        ...["--typecheck=disable", "--codegen=disable"],
      ]);
      const jsonl = await run([
        ...["--import=tsx", "scripts/accessLogToSessions.ts"],
        ...[LOG, "--shift-to-now"],
      ]);
      writeFileSync(file, jsonl);
      const lines = jsonl.trimEnd().split("\n");
      rows = lines.map((line) => JSON.parse(line) as ImportRow);
    }, 120_000);

    afterAll(async () => {
      await deployment.close();
      rmSync(folder, { recursive: true });
    });

    test("gives the visitors and requests that the shell counts", () => {
      expect(rows).toHaveLength(count(VISITORS));
      const requests = rows.flatMap(({ actions = [] }) => actions);
      expect(requests).toHaveLength(count(REQUESTS));
      const missing = requests.filter(({ metadata }) =>
        isStatus(metadata, 404),
      );
      expect(missing).toHaveLength(count(`${REQUESTS} | awk '$9 == 404'`));
    });

    test("is a session for each visitor and an action for each request, once imported", async () => {
      const imported = await sessionsOps<ImportJson>("import", file);
      expect(imported).toMatchObject({
        created: count(VISITORS),
        actions: count(REQUESTS),
        invalid: 0,
      });
      const status = await sessionsOps<StatusJson>("status");
      expect(status.sessions.total).toBe(count(VISITORS));
      const { sessions } = await sessionsOps<ListJson>(
        "list",
        "--limit",
        "5000",
      );
      const actions = sessions.reduce(
        (sum, session) => sum + session.actions,
        0,
      );
      expect(actions).toBe(count(REQUESTS));
    }, 120_000);

    /** Runs a Node script, with this deployment where the official CLI and ours look for one. */
    async function run(args: string[]): Promise<string> {
      const { stdout } = await promisify(execFile)(process.execPath, args, {
        cwd: ROOT,
        maxBuffer: 64 * 1024 * 1024,
        env: {
          PATH: process.env["PATH"],
          HOME: folder,
          CONVEX_DEPLOYMENT: "",
          CONVEX_DEPLOY_KEY: "",
          CONVEX_SELF_HOSTED_URL: deployment.url,
          CONVEX_SELF_HOSTED_ADMIN_KEY: deployment.adminKey,
        },
      });
      return stdout;
    }

    async function sessionsOps<Shape>(...args: string[]): Promise<Shape> {
      const main = ["--import=tsx", "cli/main.ts", "--json"];
      return JSON.parse(await run([...main, ...args])) as Shape;
    }
  },
);

// ── Helpers ─────────────────────────────────────────────────────────────────

/** The requests of the log; one line has lost the quote that ends its user agent. */
const REQUESTS = `grep -a '"$' '${LOG}'`;
const VISITORS = `${REQUESTS} | awk -F'"' '{ split($1, start, " "); print start[1] FS $6 }' | sort -u`;

/** The number of lines that a shell pipeline prints. */
function count(command: string): number {
  const lines = execFileSync("sh", ["-c", `${command} | wc -l`]);
  return Number(lines.toString());
}

function isStatus(metadata: unknown, status: number): boolean {
  return (metadata as { status: number }).status === status;
}
