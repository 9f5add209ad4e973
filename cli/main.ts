#!/usr/bin/env node
/** The entry of the program, and the only place that sets the exit code. */
import { processContext } from "./context.js";
import { runProgram } from "./program.js";

const { exitCode, isInterrupted } = await runProgram(
  processContext(),
  process.argv,
);
process.exitCode = exitCode;
if (isInterrupted) process.exit();
