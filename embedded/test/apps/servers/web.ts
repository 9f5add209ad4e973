import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { listening, type LocalServer } from "./local.js";

const PAGE = `<!doctype html><title>Links</title>
  <a href="/a">One</a> <a>none</a> <p><a href="/b">Two &amp; more</a></p>`;

/** A page, an echo, and as much of Stripe's and SendGrid's APIs as the app calls. */
export function startWeb(): Promise<LocalServer> {
  return listening(
    createServer((request, response) => {
      const answer = async () => {
        const body = await text(request);
        const json = (status: number, value: unknown) =>
          response
            .writeHead(status, { "content-type": "application/json" })
            .end(JSON.stringify(value));
        switch (`${request.method} ${request.url}`) {
          case "GET /page":
            return response
              .writeHead(200, { "content-type": "text/html" })
              .end(PAGE);
          case "POST /echo":
            return json(200, { echoed: JSON.parse(body) as unknown });
          case "POST /v1/customers": {
            const email = new URLSearchParams(body).get("email");
            return json(200, { id: `cus_${email}`, object: "customer" });
          }
          case "POST /v3/mail/send":
            return response.writeHead(202).end();
          default:
            return json(404, { error: "not here" });
        }
      };
      void answer();
    }),
  );
}
