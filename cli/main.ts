#!/usr/bin/env node
/** The only place that sets the exit code. */
import { processContext } from "./context.js";
import { runProgram } from "./program.js";

// `sessions-ops list | head` closes the pipe early; that is no failure. Without anybody to read
// what is said besides, the command itself goes on.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const { exitCode, isInterrupted } = await runProgram(
  processContext(),
  process.argv,
);
process.exitCode = exitCode;
if (isInterrupted) process.exit();
