/** The admin key, which no process and no message shows. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { RealCli } from "../support/realCli.js";

const cli = new RealCli();
const TIMEOUT_MS = 240_000;

let key = "";
beforeAll(async () => {
  const { adminKeyFile } = await cli.serve();
  key = readFileSync(adminKeyFile, "utf8").trim();
}, TIMEOUT_MS);

describe("the key", () => {
  test(
    "is in no argument and no title of any process",
    async () => {
      const watching = cli.start(["status", "--watch"]);
      await watching.firstLine;
      const processes = readdirSync("/proc").filter((name) =>
        /^\d+$/.test(name),
      );
      const titles = processes.flatMap((pid) =>
        ["cmdline", "comm"]
          .map((name) => `/proc/${pid}/${name}`)
          // Processes come and go meanwhile.
          .filter((path) => existsSync(path))
          .map(readIfThere),
      );
      expect(titles.some((title) => title.includes("status"))).toBe(true);
      expect(titles.filter((title) => title.includes(key))).toEqual([]);
      watching.child.kill("SIGINT");
      expect((await watching.finished).exitCode).toBe(0);
    },
    TIMEOUT_MS,
  );

  const DEPLOY_KEY = "prod:happy-animal-123|c2VjcmV0c2VjcmV0";
  test.each<[string, string[], Record<string, string>]>([
    [
      "where the file belongs",
      ["--url", "http://127.0.0.1:9", "--admin-key-file", DEPLOY_KEY],
      {},
    ],
    [
      "where the URL belongs",
      ["--url", DEPLOY_KEY, "--admin-key-file", "key"],
      {},
    ],
    ["where a name belongs", ["--component", DEPLOY_KEY], {}],
    ["as an argument", [DEPLOY_KEY], {}],
    [
      "as the URL in the environment",
      [],
      {
        CONVEX_SELF_HOSTED_URL: DEPLOY_KEY,
        CONVEX_SELF_HOSTED_ADMIN_KEY: DEPLOY_KEY,
      },
    ],
    [
      "for another URL",
      [],
      {
        CONVEX_DEPLOY_KEY: DEPLOY_KEY,
        CONVEX_URL: "https://other-animal-1.convex.cloud",
      },
    ],
    [
      "where Convex cannot be asked",
      [],
      {
        CONVEX_DEPLOY_KEY: DEPLOY_KEY,
        CONVEX_PROVISION_HOST: "http://127.0.0.1:9",
        DEBUG: "*",
      },
    ],
  ])(
    "is not printed when it is pasted %s",
    async (_where, args, env) => {
      writeFileSync(join(cli.folder, "key"), "some|otherkey\n");
      const running = cli.start(["status", ...args], "", env);
      const { exitCode, stdout, stderr } = await running.finished;
      expect(exitCode).toBeGreaterThan(0);
      expect(stdout + stderr).not.toContain("c2VjcmV0");
    },
    TIMEOUT_MS,
  );
});

/** The file's text, or `""` for a process that has ended since it was listed. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
