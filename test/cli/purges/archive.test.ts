/** `purge --archive`: nothing is deleted that is not on disk, whatever happens in between. */
import {
  appendFileSync,
  existsSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { CliContext } from "../../../cli/context.js";
import { CliError } from "../../../cli/errors.js";
import type { RunResultJson } from "../../../cli/json/run.js";
import { api } from "../../../convex/sessionTracker/_generated/api.js";
import { dailySessions, NOW, setUpDeployment } from "../support/deployment.js";
import type { FetchInit } from "../../../cli/deployment/http.js";
import { bodyOf } from "../support/fakeTerminal.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

const ARCHIVE = "old.jsonl.gz";
const purge = ["purge", "--days", "20", "--yes", "--archive", ARCHIVE];

/** Thirty old sessions with two actions each, and pages of five. */
async function setUpOld(overrides: Partial<CliContext> = {}) {
  const deployment = setUpDeployment(overrides);
  const { terminal, setPolicy, store } = deployment;
  await setPolicy({ pageSize: 5 });
  const withActions = dailySessions(30, 30, (lastActive) => ({
    actions: [
      { at: lastActive - 1, action: "view" },
      { at: lastActive, action: "buy", metadata: { cents: 5n } },
    ],
  }));
  await store(withActions);
  return { ...deployment, path: join(terminal.folder, ARCHIVE) };
}

interface Line {
  archive?: {
    runId: string;
    page: number;
    stayed?: { page: number; sessions: { why: string }[] };
  };
  anonymousId?: string;
  actions?: object[];
}

/** The lines that any gunzip makes of the file. */
function readArchive(path: string): Line[] {
  return gunzipSync(readFileSync(path))
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

function visitorsIn(path: string): string[] {
  return readArchive(path).flatMap(({ anonymousId }) => anonymousId ?? []);
}

const everybody = Array.from({ length: 30 }, (_, index) => `old-${29 - index}`);

test("an archive holds all deleted sessions, oldest first, and `import` brings them back", async () => {
  const { terminal, path, total } = await setUpOld();
  const result = await terminal.json<RunResultJson>(...purge);
  expect(result).toMatchObject({
    status: "completed",
    sessions: 30,
    actions: 60,
    archive: { file: path, stayed: 0 },
  });
  expect(await total()).toBe(0);
  expect(visitorsIn(path)).toEqual(everybody);
  expect(readArchive(path)[1]).toEqual({
    sessionId: expect.any(String) as string,
    anonymousId: "old-29",
    createdAt: 0,
    lastActive: NOW - 59 * DAY_MS,
    visits: 1,
    actions: [
      { at: NOW - 59 * DAY_MS - 1, action: "view" },
      {
        at: NOW - 59 * DAY_MS,
        action: "buy",
        metadata: { cents: { $integer: "BQAAAAAAAAA=" } },
      },
    ],
  });
  const back = await terminal.json("import", ARCHIVE, "--yes");
  expect(back).toMatchObject({ rows: 30, created: 30, actions: 60 });
});

test("a run that was not started leaves no file; one that may have been started keeps it", async () => {
  const { terminal, path } = await setUpOld();
  const online = terminal.overrides.fetch;
  const answerStart = (answer: () => never) =>
    Object.assign(terminal.overrides, {
      fetch: async (input: string, init: FetchInit) => {
        const { path: name } = bodyOf<{ path: string }>(init);
        return name === "runs/control:start"
          ? answer()
          : await online?.(input, init);
      },
    });
  answerStart(() => {
    throw new CliError("failure", "no");
  });
  expect((await terminal.run(...purge)).exitCode).toBe(1);
  expect(existsSync(path)).toBe(false);

  answerStart(() => {
    throw new TypeError("fetch failed");
  });
  const { exitCode, stderr } = await terminal.run(...purge);
  expect(exitCode).toBe(4);
  expect(stderr).toContain("sessions-ops runs list");
  expect(existsSync(path)).toBe(true);
});

test("Ctrl-C where the start gets no answer says that the run may have started", async () => {
  const { terminal, path } = await setUpOld();
  terminal.interruptAt("runs/control:start", { isAnswered: false });
  const { exitCode, stderr } = await terminal.run(...purge);
  expect(stderr).toContain("Whether the run was started is not known");
  expect(stderr).toContain(path);
  expect(exitCode).toBe(2);
});

test("Ctrl-C while the run is started leaves its first page to a resume", async () => {
  const { terminal } = await setUpOld();
  terminal.interruptAt("runs/control:start", { isAnswered: true });
  const { fetch } = terminal.overrides;
  const asked: string[] = [];
  Object.assign(terminal.overrides, {
    fetch: (input: string, init: FetchInit) => {
      asked.push(bodyOf<{ path: string }>(init).path);
      return fetch?.(input, init);
    },
  });
  const { exitCode, stderr } = await terminal.run(...purge);
  expect(stderr).toContain("sessions-ops runs resume");
  expect(exitCode).toBe(2);
  expect(asked.at(-1)).toBe("runs/control:start");
});

test("Ctrl-C where a deletion gets no answer leaves the file whole, and resume goes on", async () => {
  const { terminal, path, total, runs } = await setUpOld();
  const { fetch, sleep } = terminal.overrides;
  terminal.interruptAt("runs/archive:purgePage", { isAnswered: false });
  const { exitCode, stderr } = await terminal.run(...purge);
  expect(stderr).toContain(`Every page that was deleted is in ${path}`);
  expect(exitCode).toBe(2);
  expect(await total()).toBe(30);
  Object.assign(terminal.overrides, { fetch, sleep });
  const [run] = await runs();
  const resume = ["runs", "resume", String(run?.runId), "--archive", ARCHIVE];
  expect((await terminal.run(...resume)).exitCode).toBe(0);
  expect(visitorsIn(path)).toEqual(everybody);
});

test("a page is deleted only once it is in the file", async () => {
  const { terminal, path, total } = await setUpOld();
  const online = terminal.overrides.fetch;
  const seen: number[] = [];
  Object.assign(terminal.overrides, {
    fetch: async (input: string, init: FetchInit) => {
      const body = bodyOf<{ path: string }>(init);
      if (body.path === "runs/archive:purgePage") {
        const archived = visitorsIn(path).length;
        expect(archived).toBe(Math.min(30, 35 - (await total())));
        seen.push(archived);
      }
      return await online?.(input, init);
    },
  });
  await terminal.json(...purge);
  expect(seen).toEqual([5, 10, 15, 20, 25, 30, 30]);
});

test("a session that becomes active again before its page is archived is not in the archive", async () => {
  const { terminal, component, path } = await setUpOld();
  const online = terminal.overrides.fetch;
  Object.assign(terminal.overrides, {
    fetch: async (input: string, init: FetchInit) => {
      const { path: name } = bodyOf<{ path: string }>(init);
      if (name === "runs/archive:purgePage") {
        const anonymousId = "old-3";
        await component.mutation(api.visitors.heartbeat.beat, {
          anonymousId,
        });
      }
      return await online?.(input, init);
    },
  });
  const early = await terminal.json<RunResultJson>(...purge);
  expect(early).toMatchObject({ sessions: 29, archive: { stayed: 0 } });
  expect(visitorsIn(path)).not.toContain("old-3");
});

test("a session that becomes active again between archive and deletion is kept, and named in the archive", async () => {
  const { terminal, component, path, total } = await setUpOld();
  const online = terminal.overrides.fetch;
  Object.assign(terminal.overrides, {
    fetch: async (input: string, init: FetchInit) => {
      const { path: name } = bodyOf<{ path: string }>(init);
      if (
        name === "runs/archive:purgePage" &&
        visitorsIn(path).includes("old-3")
      ) {
        const anonymousId = "old-3";
        await component.mutation(api.visitors.heartbeat.beat, {
          anonymousId,
        });
      }
      return await online?.(input, init);
    },
  });
  const { stderr } = await terminal.run(...purge);
  expect(stderr).toContain("1 of the sessions in it came back, changed");
  expect(await total()).toBe(1);
  const stayed = readArchive(path).flatMap(({ archive }) =>
    archive?.stayed === undefined ? [] : archive.stayed.sessions,
  );
  expect(stayed).toEqual([
    { sessionId: expect.any(String) as string, why: "cameBack" },
  ]);
});

describe("after a crash", () => {
  /** Lets the network go away for good before page 4 is deleted, and the process with it. */
  async function crash() {
    const deployment = await setUpOld();
    const { terminal, path } = deployment;
    const online = terminal.overrides.fetch;
    let isDown = false;
    Object.assign(terminal.overrides, {
      fetch: async (input: string, init: FetchInit) => {
        const { path: name } = bodyOf<{ path: string }>(init);
        isDown ||=
          name === "runs/archive:purgePage" && visitorsIn(path).length === 20;
        if (isDown) throw new TypeError("fetch failed");
        return await online?.(input, init);
      },
    });
    const crashed = await terminal.run(...purge);
    expect(crashed.exitCode).toBe(4);
    Object.assign(terminal.overrides, { fetch: online });
    const [run] = await deployment.runs();
    const runId = String(run?.runId);
    expect(crashed.stderr).toContain(
      `sessions-ops runs resume ${runId} --archive ${path}`,
    );
    expect(run).toMatchObject({ status: "running", sessions: 15 });
    const resume = ["runs", "resume", runId, "--archive", ARCHIVE];
    return { ...deployment, runId, resume };
  }

  test("the run waits in the ledger, no other purge starts, and resume finishes file and run", async () => {
    const { terminal, path, total, resume, component } = await crash();
    await component.mutation(api.runs.control.start, {
      kind: "purge",
      actor: "schedule",
      trigger: "schedule",
    });
    expect(await total()).toBe(15);
    // The other run may have nobody to move it: it is not waited for.
    const [, ...options] = purge;
    const other = options.slice(0, options.indexOf("--archive"));
    const waiting = await terminal.run("purge", ...other);
    expect(waiting.exitCode).toBe(1);
    expect(waiting.stderr).toContain("is already running");
    expect(waiting.stderr).toContain(resume.slice(0, 3).join(" "));
    // Sessions that were archived and not deleted are written anew, once.
    expect(visitorsIn(path)).toHaveLength(20);
    expect(await terminal.json(...resume)).toMatchObject({
      status: "completed",
      sessions: 30,
    });
    expect(visitorsIn(path)).toEqual(everybody);
    expect(await total()).toBe(0);
  });

  test.each([
    ["torn in its last page", (path: string, size: number) => size - 7],
    ["cut within the header", (_path: string, size: number) => size],
  ])("resume goes on with a file %s", async (what, sizeOf) => {
    const { terminal, path, resume } = await crash();
    const { length } = readFileSync(path);
    if (what.includes("header")) {
      appendFileSync(path, Buffer.from([0x1f, 0x8b, 8]));
    } else truncateSync(path, sizeOf(path, length));
    await terminal.json(...resume);
    expect(visitorsIn(path)).toEqual(everybody);
  });

  test("a file that lost deleted pages is refused", async () => {
    const { terminal, path, resume } = await crash();
    truncateSync(path, Math.floor(readFileSync(path).length / 2));
    const { exitCode, stderr } = await terminal.run(...resume);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("it is not the whole archive");
  });

  test("another file is refused and left unchanged, and a missing one is not created", async () => {
    const { terminal, runId, runs } = await crash();
    const other = terminal.write("other.jsonl", "mine\n");
    for (const file of ["other.jsonl", "none.jsonl.gz", "/dev/null"]) {
      const { exitCode } = await terminal.run(
        ...["runs", "resume", runId, "--archive", file],
      );
      expect(exitCode).toBe(2);
    }
    expect(readFileSync(other, "utf8")).toBe("mine\n");
    expect(existsSync(join(terminal.folder, "none.jsonl.gz"))).toBe(false);
    expect((await runs())[0]).toMatchObject({ sessions: 15 });
  });

  test("a run without its archive does not go on, and allows another purge once it is canceled", async () => {
    const { terminal, runId, path, total } = await crash();
    const { exitCode, stderr } = await terminal.run("runs", "resume", runId);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`archives what it deletes to ${path}`);
    await terminal.json("runs", "cancel", runId);
    await terminal.json("purge", "--days", "20", "--yes");
    expect(await total()).toBe(0);
  });
});

test("Ctrl-C, and cancel from elsewhere, stop after a page and say how to go on", async () => {
  const { terminal, component, path, runs, total } = await setUpOld();
  const online = terminal.overrides.fetch;
  let pages = 0;
  const afterPages = (count: number, what: () => unknown) => {
    pages = 0;
    Object.assign(terminal.overrides, {
      fetch: async (input: string, init: FetchInit) => {
        const answer = await online?.(input, init);
        const { path: name } = bodyOf<{ path: string }>(init);
        if (name === "runs/archive:purgePage") pages += 1;
        if (name === "runs/archive:purgePage" && pages === count) await what();
        return answer;
      },
    });
  };
  afterPages(2, () => terminal.interrupt());
  const interrupted = await terminal.run(...purge);
  const runId = String((await runs())[0]?.runId);
  expect(interrupted.exitCode).toBe(2);
  expect(interrupted.stderr).toContain(
    `sessions-ops runs resume ${runId} --archive ${path}`,
  );
  expect(await total()).toBe(20);

  afterPages(2, () =>
    component.mutation(api.runs.control.cancel, {
      runId,
      actor: "cli:bob@desk",
    }),
  );
  const resume = ["runs", "resume", runId, "--archive", ARCHIVE];
  const canceled = await terminal.run(...resume);
  expect(canceled.exitCode).toBe(2);
  expect(canceled.stderr).toContain("was canceled");
  expect(visitorsIn(path)).toHaveLength(30 - (await total()));

  afterPages(Infinity, () => {});
  await terminal.json(...resume);
  expect(visitorsIn(path)).toEqual(everybody);
});

test("--max ends the run after the oldest sessions, and resume goes on in the same file", async () => {
  const { terminal, path } = await setUpOld();
  const first = await terminal.json<RunResultJson>(...purge, "--max", "12");
  expect(first).toMatchObject({ status: "maxReached", sessions: 12 });
  expect(visitorsIn(path)).toEqual(everybody.slice(0, 12));
  const second = await terminal.json<RunResultJson>(
    ...["runs", "resume", String(first.runId), "--archive", ARCHIVE],
  );
  expect(second).toMatchObject({ status: "maxReached", sessions: 24 });
  expect(visitorsIn(path)).toEqual(everybody.slice(0, 24));
});

test("an archive is never written over a file, nor while another run is in progress", async () => {
  const { terminal, component, path, total } = await setUpOld();
  writeFileSync(path, "mine");
  const taken = await terminal.run(...purge);
  expect(taken.exitCode).toBe(2);
  expect(taken.stderr).toContain("exists already");
  expect(readFileSync(path, "utf8")).toBe("mine");

  await component.mutation(api.runs.control.start, {
    kind: "purge",
    actor: "cli:bob@desk",
    trigger: "operator",
  });
  const left = await total();
  const other = [...purge.slice(0, -1), "other.jsonl.gz"];
  const busy = await terminal.run(...other);
  expect(busy.exitCode).toBe(1);
  expect(busy.stderr).toContain("does not write this archive");
  expect(await total()).toBe(left);
  expect(existsSync(join(terminal.folder, "other.jsonl.gz"))).toBe(false);
});

test.each([["--detach"], ["--dry-run"]])(
  "with %s it is a usage error",
  async (flag) => {
    const { terminal } = await setUpOld();
    expect(await terminal.run(...purge, flag)).toMatchObject({ exitCode: 2 });
  },
);
