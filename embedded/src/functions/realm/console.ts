import { currentExecution } from "../execution/execution.js";
import type { LogLevel } from "../execution/logLines.js";

export const CONSOLE_LEVELS = Object.entries({
  debug: "DEBUG",
  error: "ERROR",
  info: "INFO",
  log: "LOG",
  trace: "LOG",
  warn: "WARN",
  dir: "LOG",
  table: "LOG",
} satisfies Record<string, LogLevel>);

export function log(level: LogLevel, text: string): void {
  const execution = currentExecution();
  if (execution?.finished === false) {
    execution.logs.write(level, text);
  }
}

function logTimer(label: string): void {
  const execution = currentExecution();
  const started = execution?.timerLabels.get(label);
  if (execution === undefined || started === undefined) {
    log("WARN", `Timer '${label}' does not exist`);
  } else {
    log("INFO", `${label}: ${execution.now() - started}ms`);
  }
}

export const consoleTimers = {
  time(label: string): void {
    const execution = currentExecution();
    execution?.timerLabels.set(label, execution.now());
  },
  timeLog: logTimer,
  timeEnd(label: string): void {
    logTimer(label);
    currentExecution()?.timerLabels.delete(label);
  },
};
