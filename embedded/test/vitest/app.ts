import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  makeFunctionReference,
  type DefaultFunctionArgs,
  type DataModelFromSchemaDefinition,
  type UserIdentity,
} from "convex/server";
import type schema from "./schema.js";

const query = <Args extends DefaultFunctionArgs, Result>(name: string) =>
  makeFunctionReference<"query", Args, Result>(name);
const mutation = <Args extends DefaultFunctionArgs, Result>(name: string) =>
  makeFunctionReference<"mutation", Args, Result>(name);

type None = Record<string, never>;

/** The functions of the app below, as its generated code would name them. */
export const messages = {
  send: mutation<{ text: string }, string>("messages:send"),
  list: query<None, string[]>("messages:list"),
  clear: mutation<None, null>("messages:clear"),
  who: query<None, UserIdentity | null>("messages:who"),
  now: query<None, number>("messages:now"),
  greeting: query<None, string | null>("messages:greeting"),
  rename: mutation<{ text: string }, null>("messages:rename"),
  look: makeFunctionReference<"action", None, string>("messages:look"),
};

interface Tick {
  name: string;
  at: number;
}
export const jobs = {
  ticks: query<None, Tick[]>("jobs:ticks"),
  tick: mutation<{ name: string }, null>("jobs:tick"),
  later: mutation<{ name: string; delayMs: number }, string>("jobs:later"),
  chain: mutation<{ left: number }, null>("jobs:chain"),
  sleepy: makeFunctionReference<"action", { ms: number }, null>("jobs:sleepy"),
  sleepLater: mutation<{ ms: number }, string>("jobs:sleepLater"),
  enqueue: mutation<{ count: number }, null>("jobs:enqueue"),
};

export type DataModel = DataModelFromSchemaDefinition<typeof schema>;

/** An app of messages, jobs, crons, files and a workpool. */
const FILES: Readonly<Record<string, string>> = {
  "convex/schema.ts": readFileSync(
    path.join(import.meta.dirname, "schema.ts"),
    "utf8",
  ),
  "convex/convex.config.ts": `
import { defineApp } from "convex/server";
import workpool from "@convex-dev/workpool/convex.config";
const app = defineApp();
app.use(workpool);
export default app;
`,
  "convex/messages.ts": `
import { actionGeneric, internalMutationGeneric, mutationGeneric, queryGeneric } from "convex/server";
import { ConvexError, v } from "convex/values";

export const send = mutationGeneric({
  args: { text: v.string() },
  handler: async (ctx, { text }) => {
    if (text === "") throw new ConvexError({ kind: "empty" });
    const user = await ctx.auth.getUserIdentity();
    console.log("sending", text);
    return ctx.db.insert("messages", { text, ...(user ? { author: user.subject } : {}) });
  },
});
export const list = queryGeneric({
  args: {},
  handler: async (ctx) => (await ctx.db.query("messages").collect()).map(({ text }) => text),
});
export const clear = internalMutationGeneric({
  args: {},
  handler: async (ctx) => {
    for (const { _id } of await ctx.db.query("messages").collect()) await ctx.db.delete(_id);
  },
});
export const who = queryGeneric({ args: {}, handler: (ctx) => ctx.auth.getUserIdentity() });
export const now = queryGeneric({ args: {}, handler: async () => Date.now() });
export const greeting = queryGeneric({ args: {}, handler: async () => process.env.GREETING ?? null });
export const look = actionGeneric({
  args: {},
  handler: async () => (await fetch("https://weather.example/")).text(),
});
export const rename = mutationGeneric({
  args: { text: v.string() },
  handler: async (ctx, { text }) => {
    const first = await ctx.db.query("messages").first();
    if (first) await ctx.db.patch(first._id, { text });
  },
});
`,
  "convex/jobs.ts": `
import { actionGeneric, anyApi, internalActionGeneric, internalMutationGeneric, mutationGeneric, queryGeneric } from "convex/server";
import { v } from "convex/values";
import { Workpool } from "@convex-dev/workpool";
import { componentsGeneric } from "convex/server";

const pool = new Workpool(componentsGeneric().workpool, { maxParallelism: 2 });

export const tick = internalMutationGeneric({
  args: { name: v.string() },
  handler: async (ctx, { name }) => {
    await ctx.db.insert("ticks", { name, at: Date.now() });
  },
});
export const ticks = queryGeneric({
  args: {},
  handler: async (ctx) => (await ctx.db.query("ticks").collect()).map(({ name, at }) => ({ name, at })),
});
export const later = mutationGeneric({
  args: { name: v.string(), delayMs: v.number() },
  handler: (ctx, { name, delayMs }) => ctx.scheduler.runAfter(delayMs, anyApi.jobs.tick, { name }),
});
/** Each step schedules the next one, a minute later. */
export const chain = mutationGeneric({
  args: { left: v.number() },
  handler: async (ctx, { left }) => {
    await ctx.db.insert("ticks", { name: "chain", at: Date.now() });
    if (left > 1) await ctx.scheduler.runAfter(60_000, anyApi.jobs.chain, { left: left - 1 });
  },
});
/** Sleeps twice, and writes after each. */
export const sleepy = actionGeneric({
  args: { ms: v.number() },
  handler: async (ctx, { ms }) => {
    for (const name of ["first", "second"]) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      await ctx.runMutation(anyApi.jobs.tick, { name });
    }
  },
});
export const sleepLater = mutationGeneric({
  args: { ms: v.number() },
  handler: (ctx, { ms }) => ctx.scheduler.runAfter(ms, anyApi.jobs.sleepy, { ms }),
});
export const work = internalActionGeneric({
  args: { n: v.number() },
  handler: (ctx, { n }) => ctx.runMutation(anyApi.jobs.tick, { name: "work " + n }),
});
export const enqueue = mutationGeneric({
  args: { count: v.number() },
  handler: async (ctx, { count }) => {
    for (let n = 0; n < count; n += 1) await pool.enqueueAction(ctx, anyApi.jobs.work, { n });
  },
});
`,
  "convex/crons.ts": `
import { anyApi, cronJobs } from "convex/server";
const crons = cronJobs();
crons.hourly("each hour", { minuteUTC: 15 }, anyApi.jobs.tick, { name: "hourly" });
crons.daily("each day", { hourUTC: 3, minuteUTC: 30 }, anyApi.jobs.tick, { name: "daily" });
export default crons;
`,
  "convex/http.ts": `
import { anyApi, httpActionGeneric, httpRouter } from "convex/server";
const http = httpRouter();
http.route({
  path: "/hook",
  method: "POST",
  handler: httpActionGeneric(async (ctx, request) => {
    await ctx.runMutation(anyApi.messages.send, { text: await request.text() });
    const user = await ctx.auth.getUserIdentity();
    return new Response(user?.subject ?? "nobody", { status: 201 });
  }),
});
export default http;
`,
};

// Folder in which npm has put the packages of this repository.
const NODE_MODULES = path.resolve(
  createRequire(import.meta.url).resolve("convex/package.json"),
  "../..",
);

/** The folder of an app, as its developer has it. */
export class AppFolder {
  private constructor(readonly folder: string) {}

  static async create(files = FILES): Promise<AppFolder> {
    const app = new AppFolder(await mkdtemp(path.join(tmpdir(), "app-")));
    await symlink(NODE_MODULES, path.join(app.folder, "node_modules"));
    await app.write({
      "package.json": JSON.stringify({
        name: "app",
        type: "module",
        dependencies: { convex: "*" },
      }),
      ...files,
    });
    return app;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }
}
