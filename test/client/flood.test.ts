/** A flood of strangers beside visitors, through the app's public functions; `npm run bench flood` measures one. */
import { expect, test, vi } from "vitest";
import { sessionTracker } from "../convex/support/hooksApp/component.js";
import { sessions, setUpApp } from "./app.js";

const PER_MINUTE = 600;
const STRANGERS = 200;
const VISITORS = 50;

test("200 strangers get 600 sessions a minute, and 50 visitors beside them every heartbeat", async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 2, 1) });
  try {
    const t = setUpApp();
    const track = (anonymousId: string) =>
      t.mutation(sessions.trackSession, { anonymousId });
    const visitors = Array.from({ length: VISITORS }, (_, n) => `visitor-${n}`);
    for (const visitor of visitors) await track(visitor);
    await t.run((ctx) =>
      ctx.runMutation(sessionTracker.settings.settings.change, {
        patch: { maxNewSessionsPerMinute: PER_MINUTE },
        actor: "ada",
      }),
    );
    let created = 0;
    let refused = 0;
    for (let second = 0; second < 60; second += 1) {
      // A quarter of the strangers, which is five times as many as are let in.
      const calls = Array.from({ length: STRANGERS / 4 }, (_, n) =>
        track(`stranger-${second}-${n}`),
      );
      const beats = visitors
        .filter((_, n) => n % 10 === second % 10)
        .map((visitor) => track(visitor));
      for (const answer of await Promise.all(calls)) {
        if (answer.ok) created += 1;
        else if (answer.reason === "tooManySessions") refused += 1;
      }
      for (const answer of await Promise.all(beats)) {
        expect(answer).toMatchObject({ ok: true });
      }
      vi.setSystemTime(Date.now() + 1_000);
    }
    expect(created).toBeGreaterThanOrEqual(0.9 * PER_MINUTE);
    expect(created).toBeLessThanOrEqual(1.1 * PER_MINUTE);
    expect(created + refused).toBe((60 * STRANGERS) / 4);
    const status = await t.run((ctx) =>
      ctx.runQuery(sessionTracker.operator.status.get, {}),
    );
    expect(status.sessions.total).toBe(VISITORS + created);
    expect(status.refused.newSessions).toBeGreaterThan(0.8 * refused);
    expect(status.refused.newSessions).toBeLessThan(1.2 * refused);
  } finally {
    vi.useRealTimers();
  }
}, 120_000);
