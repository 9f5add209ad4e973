/**
 * Makes `beforeVisits.br` and `beforeVisits.jsonl`: the files that a deployment of the last version without visits
 * leaves on disk, and what its CLI exports of it. Run once, as `makeDirectory`, in a checkout of 6297a5a:
 *
 *   npx tsx --conditions=source test/upgrade/makeBeforeVisits.ts ../before
 */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { Driven } from "./drive.js";
import { openBefore } from "./openBefore.js";
import {
  CLOSED_AT,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  OPENED_AT,
  PURGED_BEFORE,
} from "./timeline.js";

const { clock, driven, keep } = await openBefore(
  "embedded/src/index.ts",
  OPENED_AT,
);

const component: Driven["component"] = (name, args) =>
  driven.component(name, args);
const app: Driven["app"] = (name, args) => driven.app(name, args);

// Settings of two revisions, a hook, and a schedule.
await component("settings/settings:change", {
  patch: { retentionDays: 21 },
  actor: "ada",
  reason: "asked for",
});
await app("marks:setHook");
await component("schedules/change:set", {
  name: "purge",
  spec: "40 3 * * *",
  timeZone: "Europe/Berlin",
  actor: "ada",
});

// Visitors of long ago, whom a purge is to take, and of some days ago.
const visitor = (anonymousId: string, lastActive: number, visits: number) => ({
  anonymousId,
  createdAt: lastActive - HOUR_MS,
  lastActive,
  visits,
  actions: [{ at: lastActive, action: "view", resourceId: "/" }],
});
await component("operator/import:batch", {
  rows: [
    ...Array.from({ length: 40 }, (_, n) =>
      visitor(`old-${n}`, OPENED_AT - 60 * DAY_MS - n * HOUR_MS, 1),
    ),
    ...Array.from({ length: 5 }, (_, n) =>
      visitor(`kept-${n}`, OPENED_AT - 5 * DAY_MS - n * HOUR_MS, n + 1),
    ),
  ],
});

// Visitors who are there as the deployment is closed: one will be idle by the time that it is opened again.
await driven.pass(CLOSED_AT - 15 * MINUTE_MS - clock.now());
await app("sessions:trackSession", { anonymousId: "dozing" });
await app("sessions:trackSession", { anonymousId: "gone" });
await app("sessions:endSession", { anonymousId: "gone" });
await driven.pass(CLOSED_AT - MINUTE_MS - clock.now());
await app("sessions:trackSession", { anonymousId: "anna" });
await app("sessions:trackUserAction", { anonymousId: "anna", action: "buy" });

const [checkout = ""] = process.argv.slice(2);
const file = path.join(import.meta.dirname, "beforeVisits.jsonl");
const cli = ["--conditions=source", "cli/main.ts", "export", file, "--force"];
await promisify(execFile)(path.resolve("node_modules/.bin/tsx"), cli, {
  cwd: path.resolve(checkout),
  env: {
    ...process.env,
    CONVEX_SELF_HOSTED_URL: driven.deployment.url,
    CONVEX_SELF_HOSTED_ADMIN_KEY: driven.deployment.adminKey,
  },
});

// A purge that the closing interrupts.
await component("runs/control:start", {
  kind: "purge",
  cutoff: PURGED_BEFORE,
  actor: "ada",
  trigger: "operator",
  ratePerSecond: 2,
  expected: 40,
});
for (let done = 0; done < 20;) {
  await driven.pass(1_000);
  const runs = await component<{ sessions: number }[]>("runs/ledger:list");
  done = runs[0]?.sessions ?? 0;
}
await keep(path.join(import.meta.dirname, "beforeVisits.br"));
