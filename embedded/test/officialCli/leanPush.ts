/** A proxy to a deployment that makes pushes small: without source maps, minified. */
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync } from "node:zlib";
import type { AddressInfo } from "node:net";
import { transformSync } from "esbuild";

export async function withLeanPushes<Result>(
  target: { url: string; adminKey: string },
  run: (lean: { url: string; adminKey: string }) => Promise<Result>,
): Promise<Result> {
  const server = createServer((request, response) => {
    void (async () => {
      const sent = await buffer(request);
      const headers = new Headers();
      for (const name of ["authorization", "content-type", "convex-client"]) {
        const value = request.headers[name];
        if (typeof value === "string") headers.set(name, value);
      }
      const plain =
        request.headers["content-encoding"] === "br"
          ? brotliDecompressSync(sent)
          : sent;
      const answer = await fetch(new URL(request.url ?? "/", target.url), {
        method: request.method ?? "GET",
        headers,
        ...(plain.length === 0 ? {} : { body: lean(plain.toString()) }),
      });
      const type = answer.headers.get("content-type") ?? "text/plain";
      response.writeHead(answer.status, { "content-type": type });
      response.end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await run({ ...target, url: `http://127.0.0.1:${port}` });
  } finally {
    server.close();
  }
}

function lean(body: string): string {
  return JSON.stringify(
    JSON.parse(body, (key, value: unknown) => {
      if (key === "sourceMap") return undefined;
      if (key !== "source" || typeof value !== "string") return value;
      return transformSync(value, { minify: true }).code;
    }),
  );
}
