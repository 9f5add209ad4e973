/** Every command that pages other than docs/operating.md show with its output is run, and prints what is shown. */
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { tasksOf } from "../support/consoleBlocks.js";
import { OTHER_PAGES } from "../support/executedPages.js";
import { RealCli } from "../support/realCli.js";
import {
  expectAsShown,
  putOnPath,
  sessionLines,
} from "../support/shownCommands.js";

const ROOT = join(import.meta.dirname, "../../..");
const TIMEOUT_MS = 240_000;
const cli = new RealCli();

beforeAll(async () => {
  const args = ["serve", "--port", "0", "--data", "data", "--json"];
  await cli.start(args).printed();
  putOnPath(cli);
  const paused = ["schedule", "pause", "purge", "--reason", "import"];
  await cli.quick(paused);
  await cli.quick(["import", "-", "--yes"], sessionLines(Date.now()));
  await cli.quick(["schedule", "resume", "purge"]);
}, TIMEOUT_MS);

test.each(OTHER_PAGES)(
  "the commands of %s print what it shows",
  async (page) => {
    const tasks = tasksOf(join(ROOT, page));
    expect(tasks).not.toEqual([]);
    for (const { commands } of tasks) await expectAsShown(cli, commands);
  },
  TIMEOUT_MS,
);
