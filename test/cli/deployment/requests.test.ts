/** How long a command waits for the deployment, and what `--debug` says of its requests. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { httpFetch } from "../../../cli/deployment/http.js";
import { ADMIN_KEY, FakeTerminal } from "../support/fakeTerminal.js";

const REFUSAL = JSON.stringify({ status: "error", errorMessage: "no" });

/** A terminal in a folder whose deployment answers so, or never. */
async function setUpServer(body: string | null) {
  const heard: IncomingHttpHeaders[] = [];
  const server = createServer(({ headers }, response) => {
    heard.push(headers);
    if (body !== null) response.end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const terminal = new FakeTerminal({ fetch: httpFetch, now: Date.now });
  terminal.serveHere(url);
  return { terminal, url, heard };
}

test("a deployment that does not answer is waited for as long as --timeout says", async () => {
  const { terminal, url, heard } = await setUpServer(null);
  const startedAt = performance.now();
  const { exitCode, stderr } = await terminal.run(
    ...["status", "--timeout", "0.2s", "--json"],
  );
  expect(exitCode).toBe(4);
  expect(stderr).toContain(`No answer from ${url} (none in time)`);
  expect(heard.length).toBeGreaterThan(0);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test.each(["0s", "soon", "10", "90d"])(
  "a --timeout of %s is refused",
  async (timeout) => {
    const { terminal } = await setUpServer(REFUSAL);
    const { exitCode, stderr } = await terminal.run(
      ...["status", "--timeout", timeout],
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain("It must be a time such as 90s, 5m or 1h.");
  },
);

test("--debug says of each request where it went, under which id, and how it ended; no key", async () => {
  const { terminal, url, heard } = await setUpServer(REFUSAL);
  const { stderr } = await terminal.run("status", "--debug", "--json");
  const lines = stderr.split("\n").filter((line) => line.startsWith("debug:"));
  expect(lines).toHaveLength(heard.length);
  for (const [n, headers] of heard.entries()) {
    const requestId = String(headers["convex-request-id"]);
    expect(requestId).toMatch(/^[0-9a-f]{16}$/);
    expect(lines[n]).toMatch(
      /^debug: \d{4}-\d\d-\d\dT\S+Z POST \S+\/api\/function operator\/\w+:\w+, request \w+: status 200, \d+ bytes, \d+ ms$/,
    );
    expect(lines[n]).toContain(`POST ${url}/`);
    expect(lines[n]).toContain(`request ${requestId}:`);
  }
  expect(stderr).not.toContain(ADMIN_KEY);
  const failure: unknown = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
  expect(failure).toMatchObject({ error: { code: "failure" } });
});
