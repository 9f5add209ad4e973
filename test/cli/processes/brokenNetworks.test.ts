/** Purges whose network is away for a while. */
import { expect, test } from "vitest";
import type { RunResultJson } from "../../../cli/json/run.js";
import { openDroppingProxy } from "../support/droppingProxy.js";
import { OldSessions } from "../support/oldSessions.js";
import type { Running } from "../support/realCli.js";

const SESSIONS = 2_000;
const TIMEOUT_MS = 240_000;
const old = new OldSessions(SESSIONS);
const { cli } = old;

test.each([["purge"], ["purge --archive"]])(
  "%s goes on when the network was away in between",
  async (kind) => {
    await old.importAll();
    await using proxy = await openDroppingProxy(old.served.url);
    const archive = kind.includes("--archive");
    const purging = cli.start([
      ...["purge", "--days", "14", "--yes", "--rate", "400/s"],
      ...(archive ? ["--archive", "dropped.gz"] : []),
      ...["--url", proxy.url, "--admin-key-file", old.served.adminKeyFile],
      "--json",
    ]);
    await purging.said("Cutoff:");
    await Promise.race([proxy.passed(8), ended(purging)]);
    await proxy.drop();
    await purging.said("Trying again");
    await proxy.restore();
    const result = await purging.printed<RunResultJson>();
    expect((await purging.finished).exitCode).toBe(0);
    expect(result).toMatchObject({ status: "completed", sessions: SESSIONS });
    expect(await old.total()).toBe(0);
  },
  TIMEOUT_MS,
);

/** Fails once the command has ended: the awaited output cannot come any more. */
async function ended({ finished }: Running): Promise<never> {
  const { exitCode, stderr } = await finished;
  throw new Error(`It ended too early, with ${exitCode}: ${stderr}`);
}
