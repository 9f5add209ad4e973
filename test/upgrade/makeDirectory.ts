/**
 * Makes `dataDirectory.br`: the files that a deployment of an earlier version leaves on disk. Run once,
 * in a checkout of that version beside this one, with its own node_modules:
 *
 *   git worktree add ../before ac8261f && (cd ../before && npm ci)
 *   npx tsx --conditions=source test/upgrade/makeDirectory.ts ../before
 *
 * The functions are called by the names that they had then.
 */
import path from "node:path";
import type { Driven } from "./drive.js";
import { openBefore } from "./openBefore.js";
import {
  CLOSED_AT,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  OPENED_AT,
  PAUSED_UNTIL,
  PURGED_BEFORE,
} from "./timeline.js";

const { clock, driven, keep } = await openBefore(
  "embedded/index.ts",
  OPENED_AT,
);

const component: Driven["component"] = (name, args) =>
  driven.component(name, args);
const app: Driven["app"] = (name, args) => driven.app(name, args);

// Settings: one that is changed twice, one that is changed and put back to its default, and a hook.
const change = (patch: Record<string, number>, reason: string) =>
  component("settings:change", { patch, actor: "ada", reason });
await change({ retentionDays: 20 }, "first guess");
await change({ retentionDays: 21, maxActionsPerSession: 500 }, "asked for");
await change({ pageSize: 8 }, "try small pages");
await change({ pageSize: 1_000 }, "as it was");
await app("marks:setHook");
await component("schedules:set", {
  name: "purge",
  spec: "40 * * * *",
  timeZone: "Europe/Berlin",
  actor: "ada",
});
await component("schedules:set", {
  name: "expire",
  spec: "*/10 * * * *",
  actor: "ben",
});

// Visitors of long ago, some of whom a purge takes, and visitors who are there.
const action = (at: number) => ({
  at,
  action: "view",
  resourceId: "/",
  metadata: { n: at },
});
const visitor = (anonymousId: string, lastActive: number, actions = 2) => ({
  anonymousId,
  createdAt: lastActive - HOUR_MS,
  lastActive,
  actions: Array.from({ length: actions }, (_, n) =>
    action(lastActive - n * 1_000),
  ),
});
const rows = [
  ...Array.from({ length: 12 }, (_, n) =>
    visitor(`ancient-${n}`, OPENED_AT - 200 * DAY_MS - n * HOUR_MS),
  ),
  ...Array.from({ length: 40 }, (_, n) =>
    visitor(`old-${n}`, OPENED_AT - 60 * DAY_MS - n * HOUR_MS),
  ),
  ...Array.from({ length: 5 }, (_, n) =>
    visitor(`late-${n}`, OPENED_AT - 30 * DAY_MS - n * HOUR_MS),
  ),
  ...Array.from({ length: 5 }, (_, n) =>
    visitor(`kept-${n}`, OPENED_AT - 5 * DAY_MS - n * HOUR_MS),
  ),
  {
    ...visitor("left", OPENED_AT - DAY_MS),
    ended: { reason: "logout" },
    userId: "user-1",
  },
];
await component("importing:importBatch", { rows });
await app("sessions:trackSession", { anonymousId: "idle" });
await app("sessions:trackSession", { anonymousId: "gone" });
await app("sessions:trackUserAction", { anonymousId: "gone", action: "look" });
await app("sessions:endSession", { anonymousId: "gone" });
await app("sessions:trackSession", { anonymousId: "forgotten" });
await app("sessions:forgetSession", { anonymousId: "forgotten" });

// A finished count of all sessions.
const tallyId = await component<string>("tallies:begin");
await component("tallies:page", { tallyId, page: 0, fix: false });

// The schedule's own expire run, and an operator's purge.
await driven.pass(35 * MINUTE_MS);
await component("runs:start", {
  kind: "purge",
  cutoff: OPENED_AT - 100 * DAY_MS,
  actor: "ada",
  trigger: "operator",
  reason: "the oldest",
});
await driven.pass(MINUTE_MS);
await component("schedules:pause", {
  name: "purge",
  reason: "moving",
  until: PAUSED_UNTIL,
  actor: "ben",
});

// Visitors who are there when the deployment is closed, one of whom will be idle by the time that it is
// opened again.
await driven.pass(CLOSED_AT - 15 * MINUTE_MS - clock.now());
await app("sessions:trackSession", { anonymousId: "dozing" });
await driven.pass(CLOSED_AT - 20_000 - clock.now());
await app("sessions:trackSession", { anonymousId: "anna" });
await app("sessions:trackUserAction", { anonymousId: "anna", action: "buy" });
await app("sessions:trackSession", { anonymousId: "bert" });
await driven.pass(10_000);
await component("runs:start", {
  kind: "purge",
  cutoff: PURGED_BEFORE,
  actor: "ada",
  trigger: "operator",
  ratePerSecond: 2,
  expected: 40,
});
for (let done = 0; done < 20;) {
  await driven.pass(1_000);
  const runs = await component<{ sessions: number }[]>("runs:list");
  done = runs[0]?.sessions ?? 0;
}
await keep(path.join(import.meta.dirname, "dataDirectory.br"));
