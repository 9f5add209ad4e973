"use node";
import Stripe from "stripe";
import { v } from "convex/values";
import { action, internalAction } from "../server.js";

const SECRET = "whsec_test";

const stripe = () => {
  const { hostname, port } = new URL(process.env["WEB_URL"]!);
  return new Stripe("sk_test_1", { host: hostname, port, protocol: "http" });
};

/** Makes a customer; returns the id that Stripe gave. */
export const customer = action({
  args: { email: v.string() },
  handler: async (_ctx, { email }) =>
    (await stripe().customers.create({ email })).id,
});

/** What a webhook says, if Stripe signed it. */
export const verify = internalAction({
  args: { body: v.string(), signature: v.string() },
  handler: async (_ctx, { body, signature }) => {
    try {
      const event = stripe().webhooks.constructEvent(body, signature, SECRET);
      const { amount } = event.data.object as { amount: number };
      return { event: event.id, amount };
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError)
        return null;
      throw error;
    }
  },
});
