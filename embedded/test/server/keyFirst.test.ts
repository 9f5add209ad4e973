import { brotliCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestDeployment } from "../support/deployment.js";
import { SyncClient } from "../support/syncClient.js";

let deployment: TestDeployment;

beforeAll(async () => {
  deployment = await TestDeployment.open();
});

afterAll(() => deployment.remove());

const FOR_OPERATORS = [
  ["POST", "/api/function"],
  ["POST", "/api/get_config_hashes"],
  ["POST", "/api/deploy2/evaluate_schema"],
  ["POST", "/api/deploy2/start_push"],
  ["POST", "/api/deploy2/wait_for_schema"],
  ["POST", "/api/deploy2/finish_push"],
  ["POST", "/api/deploy2/report_push_completed"],
  ["POST", "/api/update_environment_variables"],
  ["GET", "/api/v1/get_canonical_urls"],
  ["GET", "/api/stream_function_logs"],
  ["POST", "/api/run_test_function"],
  ["POST", "/api/shapes2"],
  ["POST", "/api/export/request/zip"],
  ["GET", "/api/export/zip/1"],
  ["POST", "/api/import/start_upload"],
  ["POST", "/api/import/upload_part"],
  ["POST", "/api/import/finish_upload"],
  ["POST", "/api/perform_import"],
  ["POST", "/api/cancel_import"],
] as const;

describe.each(FOR_OPERATORS)("%s %s", (method, path) => {
  test.each([
    ["no key", {}, 401],
    ["a wrong key", { authorization: "Convex wrong" }, 403],
    ["a user's token", { authorization: "Bearer a.b.c" }, 401],
  ])("with %s it is refused unread", async (_what, headers, status) => {
    let isRead = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          isRead = true;
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const sent = method === "POST" ? { body, duplex: "half" } : {};
    const init: RequestInit = { method, headers, ...sent };
    const response = await deployment.fetch(path, init);
    expect(response.status).toBe(status);
    expect(isRead).toBe(false);
  });

  test("no page of another origin may send it, nor read the answer", async () => {
    const origin = "https://elsewhere.example";
    const preflight = await deployment.fetch(path, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": method },
    });
    expect(preflight.ok).toBe(false);
    const answer = await deployment.fetch(path, {
      method,
      headers: { origin, ...deployment.admin },
    });
    for (const { headers } of [preflight, answer]) {
      expect(headers.has("access-control-allow-origin")).toBe(false);
      expect(headers.has("access-control-allow-methods")).toBe(false);
    }
  });
});

describe("a small body cannot cause much work", () => {
  const opening = brotliCompressSync("[".repeat(17 << 20));

  test.each(["/api/query", "/api/mutation", "/api/query_batch"])(
    "POST %s inflates a little of them",
    async (path) => {
      expect(opening.length).toBeLessThan(200);
      const response = await deployment.fetch(path, {
        method: "POST",
        body: opening,
        headers: { "content-encoding": "br" },
      });
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({ code: "RequestTooLarge" });
    },
  );

  test.each([
    ["deep", "[".repeat(20_000) + "]".repeat(20_000), "deeper than 16384"],
    ["wide", `[${"[],".repeat(600_000)}[]]`, "524288 arrays and objects"],
    ["long", `[${"1,".repeat(2_100_000)}1]`, "2097152 values"],
  ])("%s JSON is not parsed", async (_what, args, message) => {
    const text = `{"path":"f:none","args":${args}}`;
    const answer = await deployment.post("/api/query", text);
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: "BadJsonBody",
        message: expect.stringContaining(message) as string,
      },
    });
    const client = await SyncClient.connect(deployment.url);
    client.say(
      `{"type":"Mutation","requestId":0,"udfPath":"f:none","args":[${args}]}`,
    );
    await client.next("FatalError");
    client.drop();
  });

  test("brackets and commas in strings are not counted", async () => {
    const odd = '["\\\\",'.repeat(1_000) + '\\"'.repeat(3) + "{".repeat(500);
    const { body } = await deployment.post("/api/query", {
      path: "f:none",
      args: { odd, [odd.slice(0, 9)]: [odd] },
    });
    expect(body).toMatchObject({ status: "error" });
  });
});
