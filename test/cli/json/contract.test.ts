/** The JSON contract of every command: one object on success, one on failure. */
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { ErrorJson } from "../../../cli/json/error.js";
import type { DescribeJson } from "../../../cli/json/program/describe.js";
import { EXIT_CODES } from "../../../cli/errors.js";
import type { AnyCommand } from "../../../cli/commandLine/commander.js";
import { buildProgram } from "../../../cli/program.js";
import {
  api,
  internal,
} from "../../../convex/sessionTracker/_generated/api.js";
import type { setUpComponent } from "../../convex/support/setup.js";
import { traitsOf, type Traits } from "../../../cli/commandLine/traits.js";
import { isMutation, NOW, setUpDeployment } from "../support/deployment.js";
import { endedPurge } from "../support/endedPurge.js";
import { faults, notOf } from "../support/jsonShapes.js";
import {
  ADMIN_KEY,
  DEPLOYMENT_URL,
  FakeTerminal,
  type Finished,
} from "../support/fakeTerminal.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

/** A line of each command that succeeds, with RUN for a run that failed, and whether it writes. */
const COMMANDS: Record<string, { line: string; writes?: true }> = {
  status: { line: "status" },
  stats: { line: "stats --days 3" },
  metrics: { line: "metrics" },
  list: { line: "list" },
  show: { line: "show old-1" },
  end: { line: "end old-1 --block 24h", writes: true },
  unblock: { line: "unblock old-1", writes: true },
  forget: { line: "forget old-1 --confirm old-1", writes: true },
  purge: { line: "purge --yes", writes: true },
  expire: { line: "expire", writes: true },
  "runs list": { line: "runs list" },
  "runs show": { line: "runs show RUN" },
  "runs watch": { line: "runs watch DONE" },
  "runs cancel": { line: "runs cancel RUN", writes: true },
  "runs resume": { line: "runs resume RUN", writes: true },
  retention: { line: "retention 100", writes: true },
  "settings get": { line: "settings get" },
  "settings set": { line: "settings set idleTimeoutMs=45m", writes: true },
  "settings log": { line: "settings log" },
  log: { line: "log" },
  "schedule list": { line: "schedule list" },
  "schedule set": { line: "schedule set purge 5_4_*_*_*", writes: true },
  "schedule pause": {
    line: "schedule pause purge --reason audit --until 7d",
    writes: true,
  },
  "schedule resume": { line: "schedule resume expire", writes: true },
  "schedule preview": { line: "schedule preview purge" },
  "schedule history": { line: "schedule history purge" },
  import: { line: "import rows.jsonl --yes", writes: true },
  export: { line: "export all.jsonl" },
  "hooks list": { line: "hooks list" },
  "hooks retry": { line: "hooks retry", writes: true },
  "hooks clear": { line: "hooks clear onPurged --yes", writes: true },
  "hooks settle": { line: "hooks settle DEBT", writes: true },
  "webhooks list": { line: "webhooks list" },
  "webhooks add": {
    line: "webhooks add https://example.com/other --events run",
    writes: true,
  },
  "webhooks test": { line: "webhooks test WEBHOOK", writes: true },
  "webhooks log": { line: "webhooks log" },
  "webhooks resend": { line: "webhooks resend DELIVERY", writes: true },
  "webhooks rotate": { line: "webhooks rotate WEBHOOK --yes", writes: true },
  "webhooks enable": { line: "webhooks enable WEBHOOK", writes: true },
  "webhooks remove": { line: "webhooks remove WEBHOOK --yes", writes: true },
  doctor: { line: "doctor" },
  "doctor --fix": { line: "doctor --fix", writes: true },
  "end --user": { line: "end --user ada --block 1h --yes", writes: true },
  "end --dry-run": { line: "end --user ada --block 1h --dry-run" },
  "forget --user": { line: "forget --user ada --yes", writes: true },
  "forget --dry-run": { line: "forget --active-before 1h --dry-run" },
  "purge --dry-run": { line: "purge --dry-run" },
  describe: { line: "describe" },
};

/** Commands about this machine alone, in their order, with the deployment `shop` in its file of names. */
const LOCAL: Record<string, string> = {
  "deployments list": "deployments list",
  "deployments add": "deployments add other",
  "deployments use": "deployments use shop",
  "deployments check": "deployments check shop",
  "deployments remove": "deployments remove shop",
};
/** Commands that stay until they are interrupted: test/package runs them as processes, and compares their output. */
const STAYING = ["serve", "dashboard"];
/** Commands for people and shells, which print no JSON. */
const WITHOUT_JSON = ["completion", "help"];

test("describe says of every command what it declares and what it takes", async () => {
  const terminal = new FakeTerminal();
  const { commands, exitCodes, options } =
    await terminal.json<DescribeJson>("describe");
  expect(commands.map(({ command }) => command)).toEqual(
    leaves(buildProgram(terminal.context())),
  );
  const writing = Object.entries(COMMANDS)
    .filter(([name, { writes }]) => writes && !/ --/.test(name))
    .map(([name]) => name);
  expect(
    commands.filter(({ writes }) => writes).map(({ command }) => command),
  ).toEqual(expect.arrayContaining(writing));
  for (const { command, writes, deletes, json } of commands) {
    expect(writes || !deletes, command).toBe(true);
    expect(json.length > 0, command).toBe(!WITHOUT_JSON.includes(command));
  }
  for (const { command, options, jsonl } of commands) {
    const takesJsonLines = options.some(({ name }) => name === "--jsonl");
    expect({ command, takesJsonLines }).toEqual({
      command,
      takesJsonLines: jsonl !== null,
    });
  }
  const purge = commands.find(({ command }) => command === "purge");
  expect(purge).toMatchObject({
    deletes: true,
    confirmedBy: ["--yes", "--confirm"],
  });
  const list = commands.find(({ command }) => command === "list");
  expect(list?.options).toContainEqual({
    name: "--state",
    short: null,
    description: "only these",
    type: "choice",
    value: "state",
    choices: ["active", "expired", "ended"],
    takes: null,
    required: false,
    repeatable: false,
    default: null,
  });
  expect(list?.options).toContainEqual(
    expect.objectContaining({ name: "--limit", type: "number", default: 50 }),
  );
  expect(options).toContainEqual(
    expect.objectContaining({ name: "--timeout", type: "time" }),
  );
  expect(exitCodes.flatMap(({ codes }) => codes).sort()).toEqual(
    Object.keys(EXIT_CODES).sort(),
  );
  const { stdout } = await terminal.run("describe");
  expect(stdout).toMatch(
    /^forget \[id\] +writes, deletes +--yes, --confirm +ForgetJson/m,
  );
});

function leaves(command: AnyCommand, path: string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(" ")];
  return command.commands.flatMap((each) =>
    leaves(each, [...path, each.name()]),
  );
}

test("every command of the program is covered here", () => {
  const all = leaves(buildProgram(new FakeTerminal().context()));
  const known = [
    ...Object.keys({ ...COMMANDS, ...LOCAL }),
    ...STAYING,
    ...WITHOUT_JSON,
  ];
  expect(all.filter((name) => !known.includes(name))).toEqual([]);
});

/** Old and present sessions, a run that failed, one that completed, a schedule paused until a time. */
async function setUpAll() {
  const deployment = setUpDeployment();
  const { component, terminal } = deployment;
  const row = (anonymousId: string) => ({
    anonymousId,
    createdAt: 0,
    lastActive: NOW - 30 * DAY_MS,
    userId: "ada",
    actions: [{ at: 1, action: "buy", metadata: { seats: 2 } }],
  });
  await component.mutation(api.operator.import.batch, {
    rows: ["old-1", "old-2"].map(row),
  });
  await component.mutation(api.visitors.heartbeat.beat, {
    anonymousId: "here",
  });
  await component.mutation(internal.schedules.watchdog.check, {});
  await component.mutation(api.schedules.change.pause, {
    ...{ name: "expire", reason: "audit", actor: "cli:bob@desk" },
    until: NOW + DAY_MS,
  });
  const end = (days: number, status: "failed" | "completed") => {
    const errors = [{ at: NOW, message: "it broke" }];
    const fields = { status, errors, finishedAt: NOW };
    return endedPurge(component, NOW - days * DAY_MS, fields);
  };
  const failed = await end(100, "failed");
  const done = await end(101, "completed");
  const debt = await component.run((ctx) =>
    ctx.db.insert("hookDebts", {
      hook: "onPurged",
      session: {
        sessionId: "gone",
        anonymousId: "gone",
        createdAt: 0,
        lastActive: NOW,
      },
      erasedAt: NOW,
      triedAt: NOW,
      error: "gone",
    }),
  );
  const endpoint = () => Promise.resolve(new Response("ok"));
  vi.stubGlobal("fetch", endpoint);
  onTestFinished(() => void vi.unstubAllGlobals());
  const { webhook } = await component.action(api.alerts.webhooks.add, {
    url: "https://example.com/hook",
    format: "standard",
    actor: "cli:bob@desk",
  });
  const { webhookId } = webhook;
  const { deliveryId } = await component.mutation(api.alerts.webhooks.test, {
    webhookId,
  });
  terminal.write("rows.jsonl", `${JSON.stringify(row("new"))}\n`);
  const run = (line: string, ...more: string[]): Promise<Finished> =>
    terminal.run(
      ...line
        .split(" ")
        .map((word) =>
          word
            .replace("RUN", failed)
            .replace("DONE", done)
            .replace("DEBT", debt)
            .replace("WEBHOOK", webhookId)
            .replace("DELIVERY", deliveryId),
        )
        .map((word) => (/_.*\*/.test(word) ? word.replaceAll("_", " ") : word)),
      ...more,
    );
  return { ...deployment, run };
}

/** What the command declares of itself. */
function declaredBy(name: string): Traits {
  const words = name.replace(/ --.*/, "").split(" ");
  let found: AnyCommand | undefined = buildProgram(
    new FakeTerminal().context(),
  );
  for (const word of words) {
    found = found?.commands.find((command) => command.name() === word);
  }
  if (found === undefined) throw new Error(`There is no command ${name}.`);
  return traitsOf(found);
}

/** The ids of all that an operator would miss. */
function documents(component: ReturnType<typeof setUpComponent>) {
  return component.run(async ({ db }) => {
    const TABLES = ["sessions", "actions", "webhooks", "hookDebts"] as const;
    const rows = await Promise.all(
      TABLES.map((table) => db.query(table).collect()),
    );
    return rows.flat().map(({ _id }): string => _id);
  });
}

test.each(Object.entries(COMMANDS))(
  "%s --json prints one object, with its times in ISO 8601",
  async (name, { line }) => {
    const { run, component, calls } = await setUpAll();
    const before = await documents(component);
    const { stdout, stderr } = await run(line, "--json");
    const value: unknown = JSON.parse(stdout);
    expect(value, stderr).toBeInstanceOf(Object);
    expect(faults(value)).toEqual([]);

    const { writes, deletes, json } = declaredBy(name);
    expect(json.map((shape) => notOf(shape, value))).toContain("");
    // A mutation that calls the hooks, and undoes what they wrote.
    const asked = calls.filter((path) => path !== "operator/hooks:check");
    const changes = await Promise.all(asked.map(isMutation));
    if (!writes) expect(asked.filter((_path, i) => changes[i])).toEqual([]);
    const after = new Set(await documents(component));
    const gone = before.filter((id) => !after.has(id));
    if (!deletes) expect(gone).toEqual([]);
  },
);

test("the commands about this machine print an object of their shape each", async () => {
  const { terminal } = setUpDeployment();
  const config = join(terminal.folder, "account");
  Object.assign(terminal.overrides, { env: { XDG_CONFIG_HOME: config } });
  terminal.write("key", ADMIN_KEY);
  const at = ["--url", DEPLOYMENT_URL, "--admin-key-file", "key"];
  await terminal.run("deployments", "add", "shop", ...at);
  for (const [name, line] of Object.entries(LOCAL)) {
    const target = name === "deployments add" ? at : [];
    const { stdout } = await terminal.run(
      ...line.split(" "),
      ...target,
      "--json",
    );
    const wrong = declaredBy(name).json.map((shape) =>
      notOf(shape, JSON.parse(stdout)),
    );
    expect({ name, wrong }).toEqual({ name, wrong: [""] });
  }
});

test.each([
  "list",
  "stats",
  "show here",
  "runs list",
  "settings log",
  "log",
  "webhooks log",
])(
  "%s --jsonl prints an object a line, with its times in ISO 8601",
  async (line) => {
    const { run } = await setUpAll();
    const { stdout, exitCode } = await run(line, "--jsonl");
    expect(exitCode).toBe(0);
    for (const each of stdout.split("\n").filter(Boolean)) {
      const value: unknown = JSON.parse(each);
      expect(faults(value)).toEqual([]);
      const { jsonl = "" } = declaredBy(line.replace(/ here| --.*/, ""));
      expect(notOf(jsonl, value)).toBe("");
    }
    const failed = await run("show nobody", "--jsonl");
    expect(errorOf(failed)).toMatchObject({ code: "failure", exitCode: 1 });
  },
);

/** The one object on stderr: its last line. */
function errorOf({ exitCode, stderr }: Finished): ErrorJson["error"] {
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  const value: unknown = JSON.parse(last);
  expect(notOf("ErrorJson", value)).toBe("");
  const { error } = value as ErrorJson;
  expect(error).toEqual({
    code: expect.any(String) as string,
    message: expect.stringMatching(/^(?!error: ).+/) as string,
    ...("hint" in error ? { hint: expect.any(String) as string } : {}),
    exitCode,
    retryable: error.code === "unreachable",
  });
  return error;
}

const everything = [
  ...Object.values(COMMANDS),
  ...[...STAYING, ...Object.values(LOCAL)].map((line) => ({ line })),
];

test.each(everything)(
  "$line --json prints a usage error as one object",
  async ({ line }) => {
    const terminal = new FakeTerminal();
    // `preview purge` has room for one more word.
    const words = line
      .replace("preview purge", "preview purge spec")
      .split(" ");
    // These take any number of words, and what has a filter has room for an id.
    const hasRoom =
      /^(settings set|hooks clear|webhooks resend|(end|forget) --)/.test(line);
    for (const more of ["--nope", ...(hasRoom ? [] : ["surplus"])]) {
      const result = await terminal.run(...words, more, "--json");
      expect(result).toMatchObject({ exitCode: 2, stdout: "" });
      // All of stderr is the object.
      expect(result.stderr.split("\n")).toHaveLength(2);
      expect(errorOf(result)).toMatchObject({
        code: "usage",
        message: expect.stringMatching(
          /unknown option|too many arguments/,
        ) as string,
        hint: "Add --help to see how the command is used.",
      });
    }
  },
);

const deployed = Object.values(COMMANDS).filter(
  ({ line }) => line !== "describe",
);

test.each(deployed)(
  "$line --json without an answer fails with exit code 4",
  async ({ line }) => {
    const { run, terminal } = await setUpAll();
    Object.assign(terminal.overrides, {
      fetch: () =>
        Promise.reject(
          Object.assign(new Error("refused"), { code: "ECONNREFUSED" }),
        ),
    });
    const result = await run(line, "--json");
    if (!line.startsWith("doctor")) expect(result.stdout).toBe("");
    expect(errorOf(result)).toMatchObject({ exitCode: 4 });
  },
);

test.each(deployed)(
  "$line --json with a refused key is unauthorized",
  async ({ line }) => {
    const { run, terminal } = await setUpAll();
    Object.assign(terminal.overrides, {
      fetch: () => Promise.resolve(new Response("", { status: 401 })),
    });
    const result = await run(line, "--json");
    if (!line.startsWith("doctor")) expect(result.stdout).toBe("");
    expect(errorOf(result)).toMatchObject({
      code: "unauthorized",
      exitCode: 4,
    });
  },
);

test.each(deployed.filter(({ writes }) => writes))(
  "$line --json is refused without confirmation",
  async ({ line }) => {
    const { run, terminal } = await setUpAll();
    Object.assign(terminal.overrides, {
      env: { SESSIONS_OPS_PRODUCTION: "yes" },
    });
    const result = await run(line, "--json");
    expect(result.stdout).toBe("");
    const { code, message } = errorOf(result);
    expect({ code, message }).toEqual({
      code: "unconfirmed",
      message: expect.stringContaining("--production 127.0.0.99") as string,
    });
    expect(result.stderr).not.toContain(ADMIN_KEY);
  },
);

test.each([
  ["purge --days 20", 5, "unconfirmed"],
  ["purge --days 1", 5, "unconfirmed"],
  ["forget old-1", 5, "unconfirmed"],
  ["retention 1", 5, "unconfirmed"],
  ["import none.jsonl", 2, "usage"],
  ["show nobody", 1, "failure"],
  ["runs watch RUN", 3, "runFailed"],
  ["settings set idleTimeoutMs=soon", 2, "usage"],
  ["list --active-within yesterday", 2, "usage"],
])("%s --json fails with %d, %s", async (line, exitCode, code) => {
  const { run } = await setUpAll();
  const result = await run(line, "--json");
  expect(errorOf(result)).toMatchObject({ exitCode, code });
});

test("a write whose answer is lost is not retryable", async () => {
  const { run, terminal } = await setUpAll();
  terminal.loseAnswers("settings/settings:change", 1_000);
  const { stderr } = await run("retention 100", "--json");
  const { error } = JSON.parse(
    stderr.trimEnd().split("\n").at(-1) ?? "",
  ) as ErrorJson;
  expect(error).toMatchObject({ code: "unreachable", retryable: false });
});

test.each(["status --timeout soon", "list --limit none", "end x --block ever"])(
  "%s --json prints an error of an option's value as one object, wherever --json stands",
  async (line) => {
    const words = line.split(" ");
    for (const given of [
      [...words, "--json"],
      ["--json", ...words],
    ]) {
      const result = await new FakeTerminal().run(...given);
      expect(result).toMatchObject({ exitCode: 2, stdout: "" });
      expect(errorOf(result)).toMatchObject({ code: "usage" });
    }
  },
);

test("--json without a command is a usage error; help is none", async () => {
  const terminal = new FakeTerminal();
  const nothing = await terminal.run("--json");
  expect(errorOf(nothing)).toMatchObject({ code: "usage" });
  const help = await terminal.run("purge", "--help", "--json");
  expect(help).toMatchObject({ exitCode: 0, stderr: "" });
});
