/** Drives a deployment by a clock that stands still until it is moved, and calls it as operators and apps do. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { JSONValue } from "convex/values";
import type { EmbeddedDeployment } from "@sessions-ops/embedded";
import type { FakeClock } from "../../embedded/test/support/fakeClock.js";

/** Files of an app of its own, which are added to those of a checkout: a hook and its table. */
const OWN_FILES = {
  "schema.ts": `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({ purged: defineTable({ anonymousId: v.string() }) });
`,
  "marks.ts": `
import { setSessionHooks, vHookArgs } from "../client/index.js";
import { components, internal } from "./_generated/api.js";
import { internalMutation, internalQuery } from "./_generated/server.js";

export const onPurged = internalMutation({
  args: vHookArgs,
  handler: async (ctx, { sessions }) => {
    for (const { anonymousId } of sessions) await ctx.db.insert("purged", { anonymousId });
  },
});
export const setHook = internalMutation({
  args: {},
  handler: (ctx) => setSessionHooks(ctx, components.sessionTracker, { onPurged: internal.marks.onPurged }),
});
export const purged = internalQuery({
  args: {},
  handler: async (ctx) => (await ctx.db.query("purged").collect()).map((row) => row.anonymousId),
});
`,
};

/** Deploys the app in `convex/` of a checkout with the official CLI. */
export async function deployApp(
  checkout: string,
  { url, adminKey }: Pick<EmbeddedDeployment, "url" | "adminKey">,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "upgrade-app-"));
  try {
    for (const name of ["convex", "client", "package.json", "tsconfig.json"]) {
      const from = path.join(checkout, name);
      await cp(from, path.join(folder, name), { recursive: true });
    }
    await symlink(
      path.join(checkout, "node_modules"),
      path.join(folder, "node_modules"),
    );
    for (const [name, text] of Object.entries(OWN_FILES)) {
      await writeFile(path.join(folder, "convex", name), text);
    }
    const cli = path.join(checkout, "node_modules/convex/dist/cli.bundle.cjs");
    const args = ["deploy", "--yes", "--typecheck=disable"];
    await promisify(execFile)(process.execPath, [cli, ...args], {
      cwd: folder,
      env: {
        PATH: process.env["PATH"],
        HOME: folder,
        CONVEX_SELF_HOSTED_URL: url,
        CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
      },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

export class Driven {
  constructor(
    readonly deployment: EmbeddedDeployment,
    readonly clock: FakeClock,
  ) {}

  /** Calls a function of the component, as an operator does. */
  component<Value>(path: string, args: JSONValue = {}): Promise<Value> {
    const componentPath = "sessionTracker";
    return this.#call("/api/function", { path, args, componentPath });
  }

  /** Calls a function of the app. */
  app<Value>(path: string, args: JSONValue = {}): Promise<Value> {
    return this.#call("/api/function", { path, args });
  }

  /** The rows of a table of the component, the newest first. */
  rows<Row>(table: string): Promise<Row[]> {
    return this.#rows("sessionTracker", table);
  }

  /** Lets time pass, and jobs that fall due on the way run at their time. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await this.settle();
    for (;;) {
      const next = this.clock.nextTimerMs ?? Infinity;
      if (next > end) break;
      this.clock.advance(Math.max(0, next - this.clock.now()));
      await this.settle();
    }
    this.clock.advance(end - this.clock.now());
    await this.settle();
  }

  /** Waits until no job that is due is left, and nothing has been done for a moment. */
  async settle(): Promise<void> {
    const done = () => JSON.stringify(this.deployment.stats());
    do {
      for (let quiet = 0, before = done(); quiet < QUIET_TURNS; quiet += 1) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        const now = done();
        if (now !== before) quiet = 0;
        before = now;
      }
    } while (await this.#hasJobs());
  }

  async #hasJobs(): Promise<boolean> {
    for (const componentPath of COMPONENTS) {
      const jobs = await this.#rows<Job>(componentPath, "_scheduled_functions");
      const isDue = ({ state, scheduledTime }: Job) =>
        state.kind === "inProgress" ||
        (state.kind === "pending" && scheduledTime <= this.clock.now());
      if (jobs.some(isDue)) return true;
    }
    return false;
  }

  /** The rows of a table, the newest first. */
  async #rows<Row>(componentPath: string, table: string): Promise<Row[]> {
    const paginationOpts = { cursor: null, numItems: 1_000 };
    const { page } = await this.#call<{ page: Row[] }>("/api/query", {
      path: "_system/cli/tableData",
      args: { table, order: "desc", paginationOpts },
      componentPath,
    });
    return page;
  }

  async #call<Value>(to: string, call: JSONValue): Promise<Value> {
    const { url, adminKey } = this.deployment;
    const response = await this.deployment.fetch(
      new Request(url + to, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Convex ${adminKey}`,
        },
        body: JSON.stringify(call),
      }),
    );
    const answer = (await response.json()) as { status: string; value: Value };
    if (answer.status === "success") return answer.value;
    throw new Error(`${JSON.stringify(call)}: ${JSON.stringify(answer)}`);
  }
}

/**
 * The number of quiet turns to wait, of a millisecond each, in which a static cron that is due would
 * have begun.
 */
const QUIET_TURNS = 50;

/** The components that schedule functions. */
const COMPONENTS = [
  "sessionTracker",
  "sessionTracker/crons",
  "sessionTracker/workpool",
  "sessionTracker/workpool/batchWorker",
];

interface Job {
  state: { kind: string };
  scheduledTime: number;
}
