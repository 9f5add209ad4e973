/** Letters by the component of Resend, up to where they would leave the machine. */
import { Resend, vEmailId } from "@convex-dev/resend";
import type { ComponentApi } from "@convex-dev/resend/_generated/component.js";
import { componentsGeneric } from "convex/server";
import { v } from "convex/values";
import { mutation, query } from "../server.js";

const { resend: component } = componentsGeneric() as unknown as {
  resend: ComponentApi<"resend">;
};

/** Signs the webhooks of the test. */
const WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

export const resend = new Resend(component, {
  apiKey: "re_test",
  webhookSecret: WEBHOOK_SECRET,
});

/** Writes a letter and takes it back, before it is sent. */
export const writeAndCancel = mutation({
  args: { to: v.string() },
  handler: async (ctx, { to }) => {
    const id = await resend.sendEmail(ctx, {
      from: "app@resend.dev",
      to,
      subject: "Hello",
      text: "Hello",
    });
    await resend.cancelEmail(ctx, id);
    return id;
  },
});

export const status = query({
  args: { id: vEmailId },
  handler: async (ctx, { id }) => (await resend.status(ctx, id))?.status,
});
