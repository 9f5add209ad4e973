/** Orders: a workflow of steps, waits and an event, with prices from a cache. */
import { ActionCache } from "@convex-dev/action-cache";
import type { ComponentApi as ActionCacheApi } from "@convex-dev/action-cache/_generated/component.js";
import {
  WorkflowManager,
  vWorkflowId,
  type WorkflowComponent,
} from "@convex-dev/workflow";
import {
  componentsGeneric,
  makeFunctionReference,
  type DocumentByName,
  type FunctionReference,
} from "convex/server";
import { v } from "convex/values";
import {
  action,
  internalAction,
  internalMutation,
  mutation,
  query,
  type DataModel,
} from "../server.js";

type Order = DocumentByName<DataModel, "orders">;
type Internal<
  Kind extends "mutation" | "action",
  Args,
  Result,
> = FunctionReference<
  Kind,
  "internal",
  Args extends Record<string, unknown> ? Args : never,
  Result
>;

const components = componentsGeneric() as unknown as {
  actionCache: ActionCacheApi<"actionCache">;
  workflow: WorkflowComponent;
};
const refs = {
  price: makeFunctionReference("mounted/orders:price") as unknown as Internal<
    "action",
    { item: string },
    number
  >,
  cachedPrice: makeFunctionReference(
    "mounted/orders:cachedPrice",
  ) as unknown as Internal<"action", { item: string }, number>,
  advance: makeFunctionReference(
    "mounted/orders:advance",
  ) as unknown as Internal<
    "mutation",
    { id: Order["_id"]; state: Order["state"]; price?: number },
    null
  >,
  fulfil: makeFunctionReference("mounted/orders:fulfil") as unknown as Internal<
    "mutation",
    { id: Order["_id"]; item: string },
    string
  >,
};

const workflow = new WorkflowManager(components.workflow);
const prices = new ActionCache(components.actionCache, {
  action: refs.price,
  ttl: 3_600_000,
});

export const price = internalAction({
  args: { item: v.string() },
  handler: async (_ctx, { item }) => item.length + Math.random(),
});

export const cachedPrice = internalAction({
  args: { item: v.string() },
  handler: (ctx, args): Promise<number> => prices.fetch(ctx, args),
});

/** The same price twice, as the second is from the cache. */
export const pricesOf = action({
  args: { item: v.string() },
  handler: async (ctx, args): Promise<number[]> => [
    await prices.fetch(ctx, args),
    await prices.fetch(ctx, args),
  ],
});

export const advance = internalMutation({
  args: {
    id: v.id("orders"),
    state: v.union(v.literal("packed"), v.literal("shipped")),
    price: v.optional(v.number()),
  },
  handler: async (ctx, { id, ...changes }) => {
    await ctx.db.patch(id, changes);
    return null;
  },
});

export const fulfil = workflow
  .define({
    args: { id: v.id("orders"), item: v.string() },
    returns: v.string(),
  })
  .handler(async (step, { id, item }): Promise<string> => {
    const cost = await step.runAction(
      refs.cachedPrice,
      { item },
      { retry: true },
    );
    await step.runMutation(refs.advance, { id, state: "packed", price: cost });
    const carrier = await step.awaitEvent({
      name: "collected",
      validator: v.string(),
    });
    await step.runMutation(refs.advance, { id, state: "shipped" });
    return `${item} by ${carrier}`;
  });

export const place = mutation({
  args: { item: v.string() },
  handler: async (ctx, { item }) => {
    const id = await ctx.db.insert("orders", { item, state: "placed" });
    return {
      id,
      workflowId: await workflow.start(ctx, refs.fulfil, { id, item }),
    };
  },
});

export const collect = mutation({
  args: { workflowId: vWorkflowId, carrier: v.string() },
  handler: async (ctx, { workflowId, carrier }) => {
    await workflow.sendEvent(ctx, {
      workflowId,
      name: "collected",
      value: carrier,
    });
  },
});

export const order = query({
  args: { id: v.id("orders"), workflowId: vWorkflowId },
  handler: async (ctx, { id, workflowId }) => ({
    order: await ctx.db.get(id),
    workflow: await workflow.status(ctx, workflowId),
  }),
});
