/** `webhooks …` in a terminal, and what `status` and `doctor` say of webhooks. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DoctorJson } from "../../../cli/json/doctor.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import type {
  WebhookAddedJson,
  WebhookListJson,
  WebhookLogJson,
} from "../../../cli/json/webhooks/webhooks.js";
import { internal } from "../../../convex/sessionTracker/_generated/api.js";
import type { Id } from "../../../convex/sessionTracker/_generated/dataModel.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";
import { setUpDeployment } from "../support/deployment.js";

const URL = "https://hooks.example.com/services/T0/s3cr3t";
const SHOWN = "https://hooks.example.com/services/…";

let answer: () => Response;
beforeEach(() => {
  answer = () => new Response("ok");
  vi.stubGlobal("fetch", () => Promise.resolve(answer()));
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function setUpWebhook(...more: string[]) {
  const deployment = setUpDeployment();
  const { component, terminal } = deployment;
  await component.mutation(internal.schedules.watchdog.check, {});
  const { webhook } = await terminal.json<WebhookAddedJson>(
    ...["webhooks", "add", URL, ...more],
  );
  return { ...deployment, webhookId: webhook.webhookId };
}

test("add says the id and the secret, the latter once, and the address to nobody", async () => {
  const { terminal } = setUpDeployment();
  const none = await terminal.run("webhooks");
  expect(none.stdout).toBe("No webhooks.\n");
  const added = await terminal.run(
    ...["webhooks", "add", URL, "--events", "run,watchdog.gaveUp"],
    ...["--kinds", "purge,end"],
  );
  expect(added).toMatchObject({ exitCode: 0 });
  expect(added.stdout).toMatch(
    /^Added (\w+): https:\/\/hooks\.example\.com\/services\/…, run\.completed, run\.failed, run\.stuck, watchdog\.gaveUp of purge, end\.\nSecret: whsec_\S{44}\nIt signs what is delivered, and is not shown again: keep it where the receiver finds it\.\n$/,
  );
  expect(added.stderr).toContain("`sessions-ops webhooks test ");
  const secret = /whsec_\S+/.exec(added.stdout)?.[0] ?? "";
  const rest = [
    added.stderr,
    await terminal.run("webhooks", "list"),
    await terminal.run("webhooks", "list", "--json"),
    await terminal.run("log"),
    await terminal.run("status", "--json"),
    await terminal.run("doctor"),
  ];
  const said = JSON.stringify(rest);
  expect(said).toContain(SHOWN);
  expect(said).not.toContain("s3cr3t");
  expect(said).not.toContain(secret);
});

test("the address can come from stdin, where no list of processes shows it", async () => {
  const { terminal } = setUpDeployment();
  terminal.stdin = `${URL}\n`;
  const { webhook, secret } = await terminal.json<WebhookAddedJson>(
    ...["webhooks", "add", "-", "--format", "slack"],
  );
  expect([webhook.url, secret]).toEqual([SHOWN, null]);
  terminal.stdin = "\n";
  const empty = await terminal.run("webhooks", "add", "-");
  expect(empty).toMatchObject({ exitCode: 2 });
  expect(empty.stderr).toContain("no address on stdin");
});

test.each([
  [["http://example.com/s3cr3t"], "it has to be https://"],
  [["s3cr3t"], "is no URL"],
  [
    [URL, "--events", "runs"],
    '--events "runs" is no event. There are run.comp',
  ],
  [[URL, "--kinds", "purges"], "They are expire, purge, end, forget."],
  [[URL, "--format", "ping"], "Name the kind of runs"],
  [[URL, "--format", "carrier-pigeon"], "standard, slack, ping"],
])("add %j is a usage error, which has no address", async (args, why) => {
  const { terminal } = setUpDeployment();
  const { exitCode, stdout, stderr } = await terminal.run(
    ...["webhooks", "add", ...args],
  );
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain(why);
  expect(stderr).not.toContain("s3cr3t");
});

test("test waits for the answer, and fails with it", async () => {
  const { terminal, webhookId } = await setUpWebhook();
  const good = await terminal.run("webhooks", "test", webhookId);
  expect(good).toMatchObject({ exitCode: 0 });
  expect(good.stdout).toMatch(/^Delivered \w+: 200 in \d+ ms\.\n$/);
  answer = () => new Response("who are you?", { status: 403 });
  const bad = await terminal.run("webhooks", "test", webhookId);
  expect(bad).toMatchObject({ exitCode: 1, stdout: "" });
  expect(bad.stderr).toMatch(
    /error: \w+ was not delivered: 403 in \d+ ms: "who are you\?"\n$/,
  );
  const nobody = await terminal.run("webhooks", "test", "nope");
  expect(nobody).toMatchObject({ exitCode: 1 });
  expect(nobody.stderr).toContain('There is no webhook "nope".');
});

test("a webhook that is none is said to be none before anybody is asked", async () => {
  const { terminal } = await setUpWebhook();
  Object.assign(terminal.overrides, { interactive: true });
  for (const args of [
    ["rotate", "nope"],
    ["remove", "nope"],
    ["enable", "nope"],
    ["test", "nope"],
    ["log", "--webhook", "nope"],
    ["resend", "--failed", "--webhook", "nope"],
  ]) {
    const { exitCode, stderr } = await terminal.run("webhooks", ...args);
    expect([exitCode, args]).toEqual([1, args]);
    expect(stderr).toContain('There is no webhook "nope".');
  }
  expect(terminal.questions).toEqual([]);
});

test("a name tells webhooks to one host apart, in questions too", async () => {
  const { terminal, webhookId } = await setUpWebhook("--name", "pager");
  Object.assign(terminal.overrides, { interactive: true });
  const list = await terminal.run("webhooks", "list");
  expect(list.stdout).toContain(`${webhookId}  pager (${SHOWN})`);
  const twice = await terminal.run("webhooks", "add", URL);
  expect(twice).toMatchObject({ exitCode: 2 });
  expect(twice.stderr).toContain("The webhook pager tells the same address");
  terminal.answers = [true];
  const removed = await terminal.run("webhooks", "remove", "pager");
  expect(removed.stdout).toBe(`Removed pager: pager (${SHOWN}).\n`);
  expect(terminal.questions.join()).toContain(`pager (${SHOWN})`);
});

test("log lists deliveries with their answers; resend sends one again", async () => {
  const { terminal, webhookId } = await setUpWebhook();
  await terminal.run("webhooks", "test", webhookId);
  answer = () => new Response("", { status: 500 });
  await terminal.run("webhooks", "test", webhookId);
  const log = await terminal.run("webhooks", "log");
  expect(log.stdout).toMatch(
    /^DELIVERY .*\n\w+ +\w+ +webhook\.test +2026-08-15 12:\d\d:\d\d UTC +failed +500 in \d+ ms\n\w+ .* delivered +200 in \d+ ms\n$/,
  );
  const { deliveries } = await terminal.json<WebhookLogJson>(
    ...["webhooks", "log", "--status", "failed", "--webhook", webhookId],
  );
  expect(deliveries).toHaveLength(1);
  const [{ deliveryId } = { deliveryId: "" }] = deliveries;
  answer = () => new Response("ok");
  const sent = await terminal.run("webhooks", "resend", deliveryId);
  expect(sent.stdout).toMatch(/^Delivered \w+: 200 in \d+ ms\.\n$/);
  const paged = await terminal.run("webhooks", "log", "--limit", "1");
  expect(paged.stderr).toContain("More: the same command with --cursor ");
});

test("resend takes several, or all that failed but tests, and says which are refused", async () => {
  const { terminal, component, webhookId } = await setUpWebhook();
  await terminal.run("webhooks", "test", webhookId);
  const put = (type: "run.failed" | "webhook.test", webhook = webhookId) =>
    component.run((ctx) =>
      ctx.db.insert("deliveries", {
        webhook: webhook as Id<"webhooks">,
        type,
        data: {},
        at: Date.now(),
        status: "failed",
        attempts: [],
        attempt: 1,
        tries: 1,
      }),
    );
  const first = await put("run.failed");
  const second = await put("run.failed");
  await put("webhook.test");
  const none = await terminal.run("webhooks", "resend");
  expect(none).toMatchObject({ exitCode: 2 });
  const both = await terminal.run("webhooks", "resend", first, "--failed");
  expect(both).toMatchObject({ exitCode: 2 });
  const unasked = await terminal.run("webhooks", "resend", "--failed");
  expect(unasked).toMatchObject({ exitCode: 5 });
  expect(unasked.stderr).toContain("This sends 2 deliveries again.");
  const all = ["webhooks", "resend", "--failed", "--yes"];
  const other = await terminal.run(...all, "--webhook", "nope");
  expect(other).toMatchObject({ exitCode: 1, stdout: "" });
  const sent = await terminal.run(...all, "--webhook", webhookId);
  expect(sent.stdout.match(/\w+(?=: 200 in )/g)).toEqual([first, second]);
  const mixed = await terminal.run(
    ...["webhooks", "resend", first, "gone", "lost", "--json"],
  );
  expect(mixed).toMatchObject({ exitCode: 1 });
  expect(JSON.parse(mixed.stdout)).toMatchObject({
    deliveries: [{ deliveryId: first, status: "delivered" }],
    refused: [
      { deliveryId: "gone", error: 'There is no delivery "gone".' },
      { deliveryId: "lost" },
    ],
  });
  expect(mixed.stderr).toContain("So it is with 1 more.");
});

test("status and doctor say which webhook fails, which is disabled, and what to do", async () => {
  const { terminal, component, webhookId } = await setUpWebhook();
  answer = () => new Response("", { status: 500 });
  await terminal.run("retention", "20");
  vi.advanceTimersByTime(3_000);
  await component.finishInProgressScheduledFunctions();
  for (let steps = 0; steps < 20; steps += 1) {
    vi.advanceTimersByTime(200);
    await component.finishInProgressScheduledFunctions();
  }
  const failing = await terminal.json<StatusJson>("status");
  expect(failing.warnings.join()).toContain(
    `The webhook to ${SHOWN} has failed since 2026-08-15 12:0`,
  );
  expect((await terminal.run("status")).stdout).toContain(
    "Webhooks    1, 1 failing\n",
  );
  await component.run(async (ctx) => {
    const [row] = await ctx.db.query("webhooks").collect();
    const disabled = { at: Date.now() - DAY_MS, why: "gone" } as const;
    if (row !== undefined)
      await ctx.db.patch("webhooks", row._id, { disabled });
  });
  const { warnings, webhooks } = await terminal.json<StatusJson>("status");
  expect(webhooks).toMatchObject([{ webhookId, disabled: { why: "gone" } }]);
  const what = `he webhook to ${SHOWN} was disabled at 2026-08-14 12:00:0`;
  expect(warnings.join()).toContain(`T${what}`);
  const doctor = await terminal.run("doctor", "--json");
  const { findings } = JSON.parse(doctor.stdout) as DoctorJson;
  expect(findings.find(({ check }) => check === "webhooks")).toMatchObject({
    result: "problem",
    message: expect.stringContaining(`t${what}`) as string,
    remedy: expect.stringContaining(
      `\`sessions-ops webhooks enable ${webhookId}\``,
    ) as string,
  });
  const enabled = await terminal.run("webhooks", "enable", webhookId);
  expect(enabled.stdout).toMatch(
    /^Enabled \w+: .* told of what happens from now/,
  );
  const again = await terminal.run("webhooks", "enable", webhookId);
  expect(again.stdout).toBe(`${webhookId} was enabled before.\n`);
});

test("remove and rotate ask, and need --yes where nobody can be asked", async () => {
  const { terminal, webhookId } = await setUpWebhook();
  for (const verb of ["remove", "rotate"]) {
    const refused = await terminal.run("webhooks", verb, webhookId);
    expect(refused).toMatchObject({ exitCode: 5 });
    expect(refused.stderr).toContain("pass --yes");
  }
  Object.assign(terminal.overrides, { interactive: true });
  terminal.answers = [true];
  const rotated = await terminal.run("webhooks", "rotate", webhookId);
  expect(rotated.stdout).toMatch(
    /^Secret: whsec_\S+\n.*\nThe secret before it signs as well until 2026-08-16 12:00:0\d UTC\.\n$/,
  );
  terminal.answers = [true];
  const removed = await terminal.run("webhooks", "remove", webhookId);
  expect(removed.stdout).toBe(`Removed ${webhookId}: ${SHOWN}.\n`);
  const { webhooks } = await terminal.json<WebhookListJson>("webhooks", "list");
  expect(webhooks).toEqual([]);
});
