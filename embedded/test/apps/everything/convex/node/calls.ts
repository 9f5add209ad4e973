"use node";
// Of twilio only what the app uses: its index brings all of the API, hundreds of modules.
import VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";
import { validateRequest } from "twilio/lib/webhooks/webhooks.js";
import { v } from "convex/values";
import { action } from "../server.js";

const TOKEN = "token_test";

/** What a caller is told, if Twilio signed the request; null else. */
export const answer = action({
  args: { url: v.string(), from: v.string(), signature: v.string() },
  handler: (_ctx, { url, from, signature }) => {
    if (!validateRequest(TOKEN, signature, url, { From: from })) return null;
    const response = new VoiceResponse();
    response.say({ language: "en-GB" }, `Hello ${from} & goodbye`);
    response.hangup();
    return response.toString();
  },
});
