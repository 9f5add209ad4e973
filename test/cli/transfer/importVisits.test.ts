/** Files that bring visits and the figures of days: what is read of a line, and which lines are refused. */
import { expect, test } from "vitest";
import type { ShowJson } from "../../../cli/json/session.js";
import type { ImportJson } from "../../../cli/json/transfer.js";
import {
  DAY_MS,
  MINUTE_MS,
} from "../../../convex/sessionTracker/shared/times.js";
import { NOW, setUpDeployment } from "../support/deployment.js";

const LAST_ACTIVE = NOW - 2 * DAY_MS;
const ENTRY = {
  path: "/pricing",
  referrer: "news.example.com",
  utmSource: "letter",
  utmMedium: "email",
  utmCampaign: "spring",
  device: "mobile",
};

function row(anonymousId: string, more: object = {}) {
  const createdAt = LAST_ACTIVE - DAY_MS;
  return { anonymousId, createdAt, lastActive: LAST_ACTIVE, ...more };
}

function finished(more: object = {}) {
  return {
    startedAt: LAST_ACTIVE - 10 * MINUTE_MS,
    endedAt: LAST_ACTIVE,
    engagedMs: MINUTE_MS,
    actions: 0,
    why: "idle",
    ...more,
  };
}

function jsonl(rows: object[]): string {
  return rows.map((line) => `${JSON.stringify(line)}\n`).join("");
}

test("a line brings its visits with all that is known of them", async () => {
  const { terminal } = setUpDeployment();
  const visit = finished({ entry: ENTRY, exitPath: "/thanks" });
  terminal.write(
    "visits.jsonl",
    jsonl([row("a", { firstEntry: ENTRY, finishedVisits: [visit] })]),
  );
  expect(
    await terminal.json<ImportJson>("import", "visits.jsonl"),
  ).toMatchObject({ created: 1, visits: 1 });
  const shown = await terminal.json<ShowJson>("show", "a");
  expect(shown.visitList).toMatchObject([
    { engagedMs: MINUTE_MS, entry: ENTRY, exitPath: "/thanks", why: "idle" },
  ]);
});

test("what a visit has that nobody knows is named, wherever it stands", async () => {
  const { terminal } = setUpDeployment();
  const entry = { path: "/", term: "shoes" };
  terminal.write(
    "visits.jsonl",
    jsonl([
      row("a", { firstEntry: entry, finishedVisits: [finished({ entry })] }),
      row("b", { finishedVisits: [finished({ pages: 3 })] }),
    ]),
  );
  const { stderr } = await terminal.run("import", "visits.jsonl");
  expect(stderr).toContain(
    "Fields that are not imported: firstEntry.term (1 line), finishedVisits[].entry.term (1 line), finishedVisits[].pages (1 line).",
  );
});

test("lines with wrong visits or days are each named, and nothing is imported", async () => {
  const { terminal } = setUpDeployment();
  const day = { day: "2026-08-01", newVisitors: 0, visits: 1, bounces: 0 };
  terminal.write(
    "visits.jsonl",
    jsonl([
      row("a", { finishedVisits: {} }),
      row("a", { finishedVisits: [finished({ why: "bored" })] }),
      row("a", { finishedVisits: [finished({ entry: { device: "watch" } })] }),
      row("a", { finishedVisits: [finished({ engagedMs: 11 * MINUTE_MS })] }),
      row("a", { finishedVisits: [finished({ endedAt: "2026-08-01" })] }),
      { ...day, engagedMs: -1, actions: 0 },
      { ...day, engagedMs: 0, actions: 0, bounces: 2 },
    ]),
  );
  const { stderr, exitCode } = await terminal.run("import", "visits.jsonl");
  expect(exitCode).toBe(1);
  expect(stderr).toMatchInlineSnapshot(`
    "line 1: finishedVisits must be an array, got {}
    line 2: finishedVisits[0].why must be one of idle, maximum, ended, got "bored"
    line 3: finishedVisits[0].entry.device must be one of desktop, mobile, tablet, got "watch"
    line 4: finishedVisits[0].engagedMs (660000) is more than the visit took (600000)
    line 5: finishedVisits[0].endedAt (2026-08-01T00:00:00.000Z) lies before its startedAt (2026-08-13T11:50:00.000Z)
    line 6: engagedMs must be a number of milliseconds from 0, got -1
    line 7: bounces (2) are more than visits (1)
    error: 7 lines cannot be imported, so nothing was. Correct them, or pass --skip-invalid to import the other 0.
    "
  `);
  expect(await terminal.json("list")).toMatchObject({ sessions: [] });
});

test("a session with more visits than one call takes loses none", async () => {
  const { terminal } = setUpDeployment();
  const count = 2_500;
  const finishedVisits = Array.from({ length: count }, (_, n) => {
    const endedAt = LAST_ACTIVE - n * MINUTE_MS;
    return finished({ startedAt: endedAt - 1_000, endedAt, engagedMs: 1_000 });
  });
  const createdAt = LAST_ACTIVE - 10 * DAY_MS;
  const lines = [row("a", { createdAt, finishedVisits }), row("b")];
  terminal.write("visits.jsonl", jsonl(lines));
  const command = ["import", "visits.jsonl"];
  expect(await terminal.json<ImportJson>(...command)).toMatchObject({
    created: 2,
    visits: count,
  });
  expect(await terminal.json<ShowJson>("show", "a")).toMatchObject({
    visits: count,
    engagedMs: count * 1_000,
  });
  expect(await terminal.json<ImportJson>(...command)).toMatchObject({
    unchanged: 2,
    erased: 0,
    visits: 0,
  });
});
