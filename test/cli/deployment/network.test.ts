import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { httpFetch } from "../../../cli/deployment/http.js";
import { ADMIN_KEY, FakeTerminal } from "../support/fakeTerminal.js";

/** A terminal in a folder whose deployment is this server. */
async function setUpServer(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  onTestFinished(async () => {
    await close();
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const terminal = new FakeTerminal({ fetch: httpFetch });
  terminal.serveHere(url);
  return { terminal, url, close };
}

function answering(status: number, body: string): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(body);
  };
}

function failing(errorMessage: string, errorData?: object): RequestListener {
  const failure = { status: "error", errorMessage, errorData };
  return answering(200, JSON.stringify(failure));
}

test("a port without a listener: exit code 4, with the URL and advice", async () => {
  const { terminal, url, close } = await setUpServer(answering(200, ""));
  await close();
  const { exitCode, stdout, stderr } = await terminal.run("status", "--json");
  expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
  expect(stderr).toContain(url);
  expect(stderr).toContain("ECONNREFUSED");
  expect(stderr).toContain("sessions-ops serve");
});

test.each([
  [401, 4, "refused the admin key"],
  [403, 4, "refused the admin key"],
  [503, 4, "is not available at the moment"],
  [400, 1, "refused the request (status 400): The provided"],
])("status %i is exit code %i", async (status, exitCode, message) => {
  const body =
    '{"code":"BadAdminKey","message":"The provided admin key is wrong"}';
  const { terminal } = await setUpServer(answering(status, body));
  const result = await terminal.run("status");
  expect(result.exitCode).toBe(exitCode);
  expect(result.stderr).toContain(message);
});

test("another web server is not taken for a deployment", async () => {
  const { terminal } = await setUpServer(answering(404, "<h1>Not found</h1>"));
  const { exitCode, stderr } = await terminal.run("status");
  expect(exitCode).toBe(4);
  expect(stderr).toContain("does not answer as a Convex deployment does");
});

test("a query whose answer breaks off is repeated", async () => {
  let requests = 0;
  const { terminal } = await setUpServer((request, response) => {
    requests += 1;
    if (requests > 1) return failing("second answer")(request, response);
    response.writeHead(200, { "Content-Length": "1000" });
    response.write("{", () => response.destroy());
  });
  const { stderr } = await terminal.run("retention");
  expect(stderr).toContain("second answer");
  expect(requests).toBe(2);
});

test("a deployment without the component: the error says how to install it", async () => {
  const { terminal } = await setUpServer(
    failing(
      "Could not find function for 'operator/status:get'. Did you forget to run `npx convex dev`?",
    ),
  );
  const { exitCode, stderr } = await terminal.run("status");
  expect(exitCode).toBe(1);
  expect(stderr).toContain('no component at "sessionTracker"');
  expect(stderr).toContain("app.use(sessionTracker)");
});

test("--component and SESSIONS_OPS_COMPONENT name another mount", async () => {
  const asked: unknown[] = [];
  const { terminal } = await setUpServer((request, response) => {
    request.on("data", (chunk: Buffer) => {
      const body = JSON.parse(chunk.toString()) as { componentPath: string };
      asked.push(body.componentPath);
    });
    request.on("end", () => failing("nothing here")(request, response));
  });
  await terminal.run("show", "x", "--component", "visitors/tracker");
  Object.assign(terminal.overrides, {
    env: { SESSIONS_OPS_COMPONENT: "fromEnv" },
  });
  await terminal.run("show", "x");
  expect(asked).toEqual(["visitors/tracker", "fromEnv"]);
});

test("the component's own errors are shown as they are", async () => {
  const message = "purge needs a retention, got never.";
  const { terminal } = await setUpServer(
    failing("Uncaught ConvexError", { kind: "retentionNever", message }),
  );
  expect(await terminal.run("settings", "get")).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: `error: ${message}\n`,
  });
});

test("no output contains the key, even when the other side quotes it", async () => {
  const quote = `denied: ${ADMIN_KEY}`;
  let answer: RequestListener = () => {};
  const { terminal } = await setUpServer((request, response) =>
    answer(request, response),
  );
  for (answer of [
    failing(quote),
    failing("Uncaught ConvexError", { kind: "invalidCutoff", message: quote }),
    answering(400, JSON.stringify({ code: "BadRequest", message: quote })),
  ]) {
    const { stdout, stderr } = await terminal.run("purge");
    expect(stderr).toContain("denied: [admin key]");
    expect(stdout + stderr).not.toContain(ADMIN_KEY);
  }
});

test("a key file with more than a key is not sent, nor quoted", async () => {
  const { terminal } = await setUpServer(failing("reached"));
  terminal.write("data/admin-key", `${ADMIN_KEY}\nsecond line\n`);
  const { exitCode, stderr } = await terminal.run("status");
  expect(exitCode).toBe(4);
  expect(stderr).toContain("not one line");
  expect(stderr).not.toContain(ADMIN_KEY);
});
