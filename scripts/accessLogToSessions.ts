/**
 * Turns a web server's access log (combined format) into rows for `sessions-ops import`:
 * `npx tsx scripts/accessLogToSessions.ts access.log.gz | npx sessions-ops import -`.
 * Memory grows with the log's visitors and requests; give a huge log in parts, with one `--salt`.
 */
import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Command } from "commander";
import type { ImportRow } from "../cli/deployment/api.js";
import { messageOf } from "../cli/errors.js";
import { printableText } from "../cli/terminal/printable.js";
import { wholly } from "../cli/terminal/wholly.js";
import { readVisitors, shiftToNow } from "./accessLog.js";

/** The most malformed lines that are shown one by one; the others are only counted. */
const MAX_SHOWN = 20;

interface Options {
  salt?: string;
  shiftToNow?: boolean;
}

const stdout = wholly(process.stdout);
stdout.on("error", (error: NodeJS.ErrnoException) => {
  // `… | head` closes the pipe early; that is no failure.
  if (error.code === "EPIPE") process.exit();
  note(`error: the rows cannot be written: ${error.message}`);
  process.exit(1);
});

const program = new Command("accessLogToSessions")
  .description(
    "Turn a web server's access log into rows for `sessions-ops import`, on stdout.",
  )
  .argument("<file>", "the log, in the combined format; .gz too, - for stdin")
  .option(
    "--salt <text>",
    "gives the same visitors the same ids every time (default: random, so that nobody can tell whose an id is)",
  )
  .option("--shift-to-now", "move all times so that the last request is now")
  .action(convert);

try {
  await program.parseAsync();
} catch (error) {
  note(`error: ${messageOf(error)}`);
  process.exitCode = 1;
}

async function convert(file: string, options: Options): Promise<void> {
  let malformed = 0;
  const onMalformed = (lineNumber: number, line: string): void => {
    malformed += 1;
    if (malformed > MAX_SHOWN) return;
    note(
      `line ${lineNumber} is not in the combined format: ${line.slice(0, 100)}`,
    );
  };
  const salt = options.salt ?? randomBytes(32).toString("hex");
  const visitors = await readVisitors(splitLines(openLog(file)), {
    salt,
    onMalformed,
  });
  const rows = options.shiftToNow ? shiftToNow(visitors, Date.now()) : visitors;
  let requests = 0;
  for (const row of rows) {
    requests += row.actions?.length ?? 0;
    await print(row);
  }
  note(
    `${rows.length} visitors, ${requests} requests; malformed lines left out: ${malformed}`,
  );
  if (rows.length === 0) process.exitCode = 1;
}

function openLog(file: string): Readable {
  if (file === "-") return process.stdin;
  const bytes = createReadStream(file);
  if (!file.endsWith(".gz")) return bytes;
  return pipeline(bytes, createGunzip(), () => {
    // The reader of the last stream meets the error there.
  });
}

async function* splitLines(input: Readable): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of input.setEncoding("utf8")) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

async function print(row: ImportRow): Promise<void> {
  if (stdout.write(`${JSON.stringify(row)}\n`)) return;
  await new Promise((resolve) => stdout.once("drain", resolve));
}

function note(text: string): void {
  process.stderr.write(printableText(`${text}\n`));
}
