#!/usr/bin/env node
/** The only place that prints errors and sets the exit code. */
import { processContext } from "./context.js";
import { describeError } from "./lib/errors.js";
import { buildProgram } from "./program.js";

// `sessions-ops list | head` closes the pipe early; that is no failure. Without anybody to read
// what is said besides, the command itself goes on.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  await buildProgram(processContext()).parseAsync(process.argv);
} catch (error) {
  const { text, exitCode } = describeError(error);
  if (text !== "") process.stderr.write(`${text}\n`);
  process.exitCode = exitCode;
}
