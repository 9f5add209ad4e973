/** What the outside calls: uploads, streams, and payments that are signed. */
import {
  httpActionGeneric,
  httpRouter,
  makeFunctionReference,
} from "convex/server";
import { resend } from "./mounted/letters.js";

const paid = makeFunctionReference<
  "mutation",
  { event: string; amount: number }
>("payments:paid");
const verify = makeFunctionReference<
  "action",
  { body: string; signature: string },
  { event: string; amount: number } | null
>("node/payments:verify");

const http = httpRouter();

http.route({
  path: "/files",
  method: "POST",
  handler: httpActionGeneric(async (ctx, request) => {
    const storageId = await ctx.storage.store(await request.blob());
    return Response.json({ storageId }, { status: 201 });
  }),
});

http.route({
  pathPrefix: "/files/",
  method: "GET",
  handler: httpActionGeneric(async (ctx, request) => {
    const id = new URL(request.url).pathname.slice("/files/".length);
    const blob = await ctx.storage.get(id);
    return blob === null
      ? new Response("No such file", { status: 404 })
      : new Response(blob);
  }),
});

http.route({
  path: "/stream",
  method: "GET",
  handler: httpActionGeneric(async () => {
    const { readable, writable } = new TransformStream<string, string>();
    const write = async () => {
      const writer = writable.getWriter();
      for (let n = 1; n <= 3; n += 1) {
        await writer.write(`data: ${n}\n\n`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await writer.close();
    };
    void write();
    return new Response(readable.pipeThrough(new TextEncoderStream()), {
      headers: { "content-type": "text/event-stream" },
    });
  }),
});

http.route({
  path: "/payments",
  method: "POST",
  handler: httpActionGeneric(async (ctx, request) => {
    const payment = await ctx.runAction(verify, {
      body: await request.text(),
      signature: request.headers.get("stripe-signature") ?? "",
    });
    if (payment === null) return new Response("Not signed", { status: 400 });
    await ctx.runMutation(paid, payment);
    return Response.json({ received: true });
  }),
});

http.route({
  path: "/letters",
  method: "POST",
  handler: httpActionGeneric((ctx, request) =>
    resend.handleResendEventWebhook(ctx, request),
  ),
});

export default http;
