import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { convexTest } from "convex-test";
import type { GenericSchema, SchemaDefinition } from "convex/server";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import schema from "../../../convex/sessionTracker/schema.js";

const CALLS = 100;

/**
 * Measures the heartbeats a second on `convex-test` with so many sessions stored: the same code, the
 * mock's store.
 */
export async function mockTrackRate(sessions: number): Promise<number> {
  const component = fileURLToPath(
    new URL("../../../convex/sessionTracker", import.meta.url),
  );
  const t = convexTest({ schema, modules: modulesIn(component) });
  const counter = join(
    dirname(
      createRequire(import.meta.url).resolve(
        "@convex-dev/sharded-counter/package.json",
      ),
    ),
    "src/component",
  );
  const counterSchema = (await import(join(counter, "schema.ts"))) as {
    default: SchemaDefinition<GenericSchema, boolean>;
  };
  t.registerComponent(
    "shardedCounter",
    counterSchema.default,
    modulesIn(counter),
  );
  await t.mutation(api.settings.settings.change, {
    patch: { touchAfterMs: 0 },
    actor: "bench",
  });
  await fill(t, sessions);
  const start = performance.now();
  for (let visitor = 0; visitor < CALLS; visitor += 1) {
    const anonymousId = `visitor-${visitor}`;
    await t.mutation(api.visitors.heartbeat.beat, { anonymousId });
  }
  return CALLS / ((performance.now() - start) / 1_000);
}

async function fill(
  t: ReturnType<typeof convexTest<typeof schema.tables>>,
  sessions: number,
): Promise<void> {
  const now = Date.now();
  await t.run(async (ctx) => {
    for (let visitor = 0; visitor < sessions; visitor += 1) {
      const anonymousId = `visitor-${visitor}`;
      const session = await ctx.db.insert("sessions", {
        anonymousId,
        createdAt: now,
        state: "active",
        visits: 1,
        actionCount: 0,
      });
      await ctx.db.insert("leases", {
        anonymousId,
        session,
        lastActive: now,
        actionCount: 0,
        touchAfterMs: 0,
        idleTimeoutMs: 1_800_000,
      });
    }
  });
}

/** The modules that `import.meta.glob` would give, outside of Vite. */
function modulesIn(folder: string): Record<string, () => Promise<unknown>> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Object.fromEntries(
    files
      .filter((file) => file.endsWith(".ts") && !file.includes(".test."))
      .map((file) => [
        `./${file}`,
        () => import(pathToFileURL(join(folder, file)).href),
      ]),
  );
}
