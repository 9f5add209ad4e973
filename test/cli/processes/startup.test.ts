/** The built command: what it loads before it answers, and that it can be executed. */
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { RealCli } from "../support/realCli.js";

const cli = new RealCli();
const TIMEOUT_MS = 240_000;

beforeAll(async () => {
  await cli.serve();
}, TIMEOUT_MS);

test(
  "help loads three files, status loads no package and no second HTTP client",
  async () => {
    const help = await loadedBy(["--help"]);
    expect(help.files).toBeLessThanOrEqual(3);
    expect(help.packages).toEqual([]);
    const status = await loadedBy(["status"]);
    expect(status.packages).toEqual([]);
    // The bundle has about twenty files, just as the bundler cuts them; its modules are more than
    // sixty.
    expect(status.files).toBeLessThanOrEqual(40);
    // The measure works: the live view has a package of its own.
    const watch = await loadedBy(["status", "--watch"], "SIGINT");
    expect(watch.packages.length).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test("the built main.js is executable in a clone of the repository", async () => {
  const { finished } = cli.startLine("exec ./cli/main.js --version");
  expect(await finished).toMatchObject({ exitCode: 0, stderr: "" });
});

async function loadedBy(args: string[], end?: NodeJS.Signals) {
  const preload = join(import.meta.dirname, "../support/loadedModules.mjs");
  const env = { NODE_OPTIONS: `--import=${preload}` };
  const running = cli.start(args, "", env);
  await running.firstLine;
  if (end !== undefined) running.child.kill(end);
  const { stderr } = await running.finished;
  const loaded = [...stderr.matchAll(/^loaded (.*)$/gm)]
    .map(([, url = ""]) => url)
    .filter((url) => !url.startsWith("node:") && !url.endsWith(preload));
  return {
    files: loaded.filter((url) => url.includes("/cli/")).length,
    packages: loaded.filter((url) => !url.includes("/cli/")),
  };
}
