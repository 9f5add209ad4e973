/** Deliveries of webhooks from a deployment that is killed again and again, to a server that is there all the while. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Webhook } from "svix";
import { KillableDeployment } from "../../embedded/test/support/process/killable.js";
import { Random } from "../../embedded/test/support/random.js";
import type { WebhookPayload } from "../../convex/sessionTracker/shared/webhooks/events.js";
import { call, startWithTracker } from "./support/tracker.js";

const folder = mkdtempSync(join(tmpdir(), "sessions-ops-webhooks-"));
const dataDir = join(folder, "data");
const KILLS = Math.min(20, Number(process.env["KILLS"]));

/** Workpool takes a job for lost after five minutes, and holds its place until then. */
const PATIENCE_MS = 8 * 60_000;

let deployment: KillableDeployment;
let secret = "";
/** How often each revision of the settings was told, by a signature that holds. */
const told = new Map<number, number>();
const idsOf = new Map<number, Set<string>>();
let refused = 0;
const random = new Random(Date.now() % 1_000_000);

const receiver = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    const headers = request.headers as Record<string, string>;
    const payload = new Webhook(secret).verify(body, headers) as WebhookPayload;
    if (payload.type !== "settings.changed") throw new Error(payload.type);
    const { revision } = payload.data;
    // One in five is refused at first, and all take a moment, so that kills find some under way.
    if (!told.has(revision) && random.below(5) === 0) {
      refused += 1;
      told.set(revision, 0);
      response.writeHead(503).end();
      return;
    }
    setTimeout(() => {
      told.set(revision, (told.get(revision) ?? 0) + 1);
      const ids = idsOf.get(revision) ?? new Set();
      idsOf.set(revision, ids.add(headers["webhook-id"] ?? ""));
      response.writeHead(204).end();
    }, random.below(150));
  });
});

beforeAll(async () => {
  await new Promise<void>((resolve) =>
    receiver.listen(0, "127.0.0.1", resolve),
  );
  deployment = await startWithTracker(dataDir, folder);
}, 120_000);

afterAll(async () => {
  await deployment.kill();
  receiver.closeAllConnections();
  receiver.close();
  rmSync(folder, { recursive: true });
});

test(
  `${KILLS} kills at random moments lose no delivery`,
  async () => {
    const { port } = receiver.address() as AddressInfo;
    const added = await call(deployment, "alerts/webhooks:add", {
      url: `http://127.0.0.1:${port}/hook`,
      format: "standard",
      events: ["settings.changed"],
      actor: "test",
    });
    secret = added.secret ?? "";
    let pageSize = 100;
    for (let kill = 0; kill < KILLS; kill += 1) {
      for (let change = 0; change < 3; change += 1) {
        pageSize += 1;
        const asked = { patch: { pageSize }, actor: "test" };
        await call(deployment, "settings/settings:change", asked);
      }
      await wait(random.below(600));
      await deployment.kill();
      deployment = await KillableDeployment.start(dataDir);
    }
    const { revision } = await call(deployment, "settings/settings:get", {});
    expect(revision).toBe(KILLS * 3);
    const all = Array.from({ length: revision }, (_, i) => i + 1);
    const missing = () => all.filter((one) => (told.get(one) ?? 0) === 0);
    const until = Date.now() + PATIENCE_MS;
    while (missing().length > 0 && Date.now() < until) await wait(500);
    expect(missing()).toEqual([]);
    // A receiver tells repeats by their id.
    expect([...idsOf.values()].every((ids) => ids.size === 1)).toBe(true);
    const times = [...told.values()].reduce((sum, count) => sum + count, 0);
    console.log(
      `${revision} deliveries arrived ${times} times; ${refused} were refused at first`,
    );
    await expect
      .poll(() => pending(deployment), { timeout: PATIENCE_MS })
      .toBe(0);
  },
  KILLS * 10_000 + 2 * PATIENCE_MS,
);

async function pending(target: KillableDeployment): Promise<number> {
  const asked = { status: "pending" as const, limit: 200 };
  const found = await call(target, "alerts/deliveries:page", asked);
  return found.deliveries.length;
}
