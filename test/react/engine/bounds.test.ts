/** A deployment that bounds new sessions and actions a minute: the client waits as it is told, and loses no action. */
import { expect, test } from "vitest";
import { Browser, MINUTE_MS } from "../support/browser.js";

const OK = { status: "success", value: { ok: true } };
const ACTIONS_A_MINUTE = 20;

const refused = (reason: string, retryAfterMs: number) => ({
  status: "success",
  value: { ok: false, reason, retryAfterMs },
});

test("a new visitor who is one too many waits, and then all that was done is recorded in order", async () => {
  const browser = new Browser();
  const { clock, network } = browser;
  const until = clock.now + 40_000;
  network.answer = () =>
    clock.now < until ? refused("tooManySessions", until - clock.now) : OK;
  const tab = browser.open();
  tab.engine.trackUserAction("first");
  await browser.settle();
  tab.engine.trackUserAction("second");
  await browser.pass(30_000);
  expect(tab.snapshot).toMatchObject({
    status: "failing",
    error: { kind: "refused", message: "tooManySessions" },
  });
  // One for the action, and one for the heartbeat.
  expect(network.calls).toHaveLength(2);
  await browser.pass(MINUTE_MS);
  expect(tab.snapshot).toMatchObject({ status: "active", error: null });
  expect(recorded(browser, until)).toEqual(["first", "second"]);
});

test("actions beyond those of a minute come in the next ones, all of them, while heartbeats go on", async () => {
  const browser = new Browser();
  const { clock, network } = browser;
  const startedAt = clock.now;
  const counts = new Map<number, number>();
  const taken: unknown[] = [];
  network.answer = ({ name, args }) => {
    if (name !== "trackUserAction") return OK;
    const passedMs = clock.now - startedAt;
    const minute = Math.floor(passedMs / MINUTE_MS);
    const count = counts.get(minute) ?? 0;
    if (count === ACTIONS_A_MINUTE) {
      return refused("tooManyActions", MINUTE_MS - (passedMs % MINUTE_MS));
    }
    counts.set(minute, count + 1);
    taken.push(args.action);
    return OK;
  };
  const tab = browser.open();
  await browser.settle();
  const done = Array.from({ length: 90 }, (_, n) => `action ${n}`);
  for (const action of done) tab.engine.trackUserAction(action);
  await browser.pass(10 * MINUTE_MS);
  expect(taken).toEqual(done);
  expect(tab.snapshot).toMatchObject({ status: "active", error: null });
  // One refusal a minute until all are through.
  expect(network.of("trackUserAction")).toHaveLength(done.length + 4);
  expect(network.of("trackSession").length).toBeGreaterThan(1);
});

test("a session that is full is told so once for each action, and they do not come again", async () => {
  const browser = new Browser();
  browser.network.answer = ({ name }) =>
    name === "trackUserAction"
      ? { status: "success", value: { ok: false, reason: "tooManyActions" } }
      : OK;
  const tab = browser.open();
  tab.engine.trackUserAction("one");
  tab.engine.trackUserAction("two");
  await browser.pass(10 * MINUTE_MS);
  expect(browser.network.of("trackUserAction")).toHaveLength(2);
});

function recorded(browser: Browser, from: number) {
  return browser.network
    .of("trackUserAction")
    .filter(({ at }) => at >= from)
    .map(({ args }) => args.action);
}
