import { request as httpRequest, Agent } from "node:http";
import { connect } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDeployment } from "../../src/index.js";
import { TestDeployment } from "../support/deployment.js";

const FUNCTIONS = `
  import { mutationGeneric, queryGeneric } from "convex/server";
  export const add = mutationGeneric({ handler: async (ctx, row) => { await ctx.db.insert("rows", row); return null; } });
  export const all = queryGeneric({ handler: async (ctx) => (await ctx.db.query("rows").collect()).map(({ n }) => n) });
`;

let deployment: TestDeployment;

beforeEach(async () => {
  deployment = await TestDeployment.open();
  const pushed = await deployment.push({ modules: { f: FUNCTIONS } });
  expect(pushed.status).toBe(200);
});

afterEach(() => deployment.remove());

/** Sends bytes as they are and reads until the server closes. */
function raw(...chunks: string[]): Promise<string> {
  const { hostname, port } = new URL(deployment.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      for (const chunk of chunks) socket.write(chunk);
    });
    let received = "";
    socket.on("data", (data) => (received += data.toString()));
    socket.on("close", () => resolve(received));
    socket.on("error", reject);
  });
}

describe("over a real socket", () => {
  test("a ConvexHttpClient works", async () => {
    const client = new ConvexHttpClient(deployment.url, { logger: false });
    await client.mutation(makeFunctionReference<"mutation">("f:add"), { n: 1 });
    expect(await client.query(makeFunctionReference<"query">("f:all"))).toEqual(
      [1],
    );
  });

  test("a body over the cap is refused, with or without a declared length", async () => {
    for (const chunked of [false, true]) {
      const size = 18 << 20;
      const status = await new Promise((resolve, reject) => {
        const sending = httpRequest(
          `${deployment.url}/api/query`,
          {
            method: "POST",
            headers: chunked
              ? { "transfer-encoding": "chunked" }
              : { "content-length": size },
          },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        );
        sending.on("error", reject);
        sending.end(Buffer.alloc(size, " "));
      });
      expect(status).toBe(413);
    }
    expect((await fetch(`${deployment.url}/version`)).status).toBe(200);
  });

  test("text that is no HTTP is answered 400, and the socket closed", async () => {
    expect(await raw("nonsense\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  });

  test.each([
    ["/elsewhere", "404 Not Found"],
    ["/api/1.48.0/sync/more", "404 Not Found"],
    ["/api/1.48.0/sync", "400 Bad Request"],
  ])("an upgrade at %s without a handshake: %s", async (target, status) => {
    const answer = await raw(
      `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    expect(answer.split("\r\n")[0]).toBe(`HTTP/1.1 ${status}`);
  });
});

describe("closing", () => {
  test("answers requests in flight, over connections that are kept alive", async () => {
    const agent = new Agent({ keepAlive: true });
    const logs = "/api/stream_function_logs?cursor=";
    const first = await deployment.fetch(`${logs}0`, {
      headers: deployment.admin,
    });
    const { newCursor } = (await first.json()) as { newCursor: number };
    const long = new Promise<string>((resolve, reject) => {
      const asking = httpRequest(
        deployment.url + logs + String(newCursor),
        { agent, headers: deployment.admin },
        (response) => {
          let body = "";
          response.on("data", (data: Buffer) => (body += data.toString()));
          response.on("end", () => resolve(body));
        },
      );
      asking.on("error", reject);
      asking.end();
    });
    const [status, page] = await Promise.all([
      fetch(`${deployment.url}/api/mutation`, {
        method: "POST",
        body: JSON.stringify({ path: "f:add", args: { n: 1 } }),
      }).then(async (response) => {
        await deployment.close();
        return response.status;
      }),
      long,
    ]);
    expect(status).toBe(200);
    expect(JSON.parse(page)).toMatchObject({
      entries: [{ identifier: "f:add" }],
    });
    await expect(fetch(deployment.url)).rejects.toThrow();
    agent.destroy();
  });

  test("a second time does nothing more", async () => {
    await Promise.all([deployment.close(), deployment.close()]);
  });

  test("frees the directory for the next deployment", async () => {
    await deployment.post("/api/mutation", { path: "f:add", args: { n: 4 } });
    await deployment.close();
    deployment = await TestDeployment.open({ dataDir: deployment.dataDir });
    const { body } = await deployment.post("/api/query", {
      path: "f:all",
      args: {},
    });
    expect(body).toMatchObject({ value: [4] });
  });
});

describe("opening", () => {
  test("a port in use is refused, and the directory freed", async () => {
    const port = Number(new URL(deployment.url).port);
    const dataDir = await mkdtemp(path.join(tmpdir(), "port-"));
    await expect(openDeployment({ dataDir, port })).rejects.toMatchObject({
      code: "portInUse",
      message: expect.stringContaining(`Port ${port}`) as string,
    });
    const other = await openDeployment({ dataDir, port: 0 });
    await other.close();
    await rm(dataDir, { recursive: true });
  });

  test("a directory in use is refused", async () => {
    await expect(
      openDeployment({ dataDir: deployment.dataDir, port: 0 }),
    ).rejects.toMatchObject({ code: "dataDirInUse" });
    expect((await fetch(`${deployment.url}/version`)).status).toBe(200);
  });

  test("a host of another machine is refused", async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), "host-"));
    await expect(
      openDeployment({ dataDir, port: 0, host: "192.0.2.1" }),
    ).rejects.toMatchObject({ code: "invalidArgument" });
    await rm(dataDir, { recursive: true });
  });

  test("only the loopback address listens unless another is asked for", () => {
    expect(new URL(deployment.url).hostname).toBe("127.0.0.1");
  });
});
