/** Documents that several people write at once. */
import { ProsemirrorSync } from "@convex-dev/prosemirror-sync";
import type { ComponentApi } from "@convex-dev/prosemirror-sync/_generated/component.js";
import { Schema } from "@tiptap/pm/model";
import { Transform } from "@tiptap/pm/transform";
import { componentsGeneric } from "convex/server";
import { v } from "convex/values";
import { mutation } from "../server.js";

const { prosemirrorSync: component } = componentsGeneric() as unknown as {
  prosemirrorSync: ComponentApi<"prosemirrorSync">;
};
const prosemirror = new ProsemirrorSync(component);

const schema = new Schema({
  nodes: {
    doc: { content: "paragraph+" },
    paragraph: { content: "text*" },
    text: {},
  },
});

export const {
  getSnapshot,
  submitSnapshot,
  latestVersion,
  getSteps,
  submitSteps,
} = prosemirror.syncApi();

export const create = mutation({
  args: { id: v.string() },
  handler: async (ctx, { id }) => {
    await prosemirror.create(ctx, id, {
      type: "doc",
      content: [{ type: "paragraph" }],
    });
  },
});

/** Writes at the beginning; returns the whole text. */
export const write = mutation({
  args: { id: v.string(), text: v.string() },
  handler: async (ctx, { id, text }) => {
    const written = await prosemirror.transform(ctx, id, schema, (doc) =>
      new Transform(doc).insert(1, schema.text(text)),
    );
    return written.textContent;
  },
});
