/** How long a command waits for the deployment, and what `--debug` says of its requests. */
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerResponse,
} from "node:http";
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
    expect(stderr).toContain(
      "It must be a time such as 90s, 5m or 1h, of 24 days at most.",
    );
  },
);

test("nothing of --debug comes after the error that ended the command", async () => {
  const held: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    // The first is refused, the others are under way when the command ends.
    if (held.push(response) === 1) response.end(REFUSAL);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const terminal = new FakeTerminal({ fetch: httpFetch, now: Date.now });
  terminal.serveHere(`http://127.0.0.1:${port}`);
  const { stderr } = await terminal.run("status", "--debug", "--json");
  const lines = stderr.trim().split("\n");
  expect(lines.at(-1)).toMatch(/^\{"error":/);
  expect(stderr).toContain(": no longer waited for, ");
  for (const response of held) response.destroy();
});

test("--debug says of each request where it went, under which id, and how it ended; no key", async () => {
  const { terminal, url, heard } = await setUpServer(REFUSAL);
  const { stderr } = await terminal.run("status", "--debug", "--json");
  const requestIds = heard.map((headers) => headers["convex-request-id"]);
  const lines = stderr.split("\n").filter((line) => line.includes(": status "));
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    expect(line).toMatch(
      /^debug: \d{4}-\d\d-\d\dT\S+Z POST \S+\/api\/function operator\/\w+:\w+, request [0-9a-f]{16}: status 200, \d+ bytes, \d+ ms$/,
    );
    expect(line).toContain(`POST ${url}/`);
    expect(requestIds).toContain(/request (\w+):/.exec(line)?.[1]);
  }
  expect(stderr).not.toContain(ADMIN_KEY);
  const failure: unknown = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
  expect(failure).toMatchObject({ error: { code: "failure" } });
});
