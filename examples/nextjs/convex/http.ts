import { httpRouter } from "convex/server";
import { registerMetrics } from "sessions-ops";
import { api, components } from "./_generated/api";
import { httpAction } from "./_generated/server";
import { auth } from "./auth";

const http = httpRouter();

auth.addHttpRoutes(http);

registerMetrics(http, components.visitors, {
  token: process.env.METRICS_TOKEN,
});

/** The catalogue for whoever compares prices. */
http.route({
  path: "/catalogue.json",
  method: "GET",
  handler: httpAction(async (ctx) => {
    const products = await ctx.runQuery(api.products.list);
    return Response.json(
      products.map(({ slug, name, priceCents }) => ({
        slug,
        name,
        priceCents,
      })),
    );
  }),
});

export default http;
