import type { JSONValue } from "convex/values";
import { integerJson } from "../../database/transactions/commitTs.js";
import {
  cronRuns,
  readCrons,
  watchCrons,
  type CronRecord,
  type CronRun,
} from "../../scheduler/crons.js";
import { dayNumber, type CronSpec } from "../../scheduler/cronSpec.js";
import { liveJobs, watchJobs, type LiveJob } from "../../scheduler/jobs.js";
import { inComponent, optional, PAGE, text } from "./arguments.js";
import { listPage } from "./pages.js";
import type { SystemCall, SystemQuery } from "./systemFunctions.js";
import { systemId } from "./systemIds.js";

/** What the dashboard asks of crons and scheduled functions. */
export const jobQueries: Readonly<Record<string, SystemQuery>> = {
  "_system/frontend/listCronJobs": {
    args: inComponent(),
    run({ tx, component }) {
      watchCrons(tx);
      return readCrons(tx, component).map((cron) => {
        const [lastRun] = cronRuns(tx, cron).slice(-1);
        return {
          ...systemId("_cron_jobs", nameOf(cron)),
          name: cron.identifier,
          cronSpec: shownCronSpec(cron.spec),
          lastRun: lastRun === undefined ? null : shownRun(cron, lastRun),
          nextRun: shownNextRun(cron, lastRun),
        };
      });
    },
  },
  /** The latest runs of every cron. */
  "_system/frontend/listCronJobRuns": {
    args: inComponent(),
    run({ tx, component }) {
      watchCrons(tx);
      return readCrons(tx, component).flatMap((cron) =>
        cronRuns(tx, cron).map((run) => shownRun(cron, run)),
      );
    },
  },
  /** A page of the scheduled functions that are not over, by their time. */
  "_system/frontend/paginatedScheduledJobs": {
    args: inComponent({ paginationOpts: PAGE, udfPath: optional(text) }),
    run(call) {
      const { tx, component, args } = call;
      watchJobs(tx);
      return listPage(call, function* (after) {
        for (const job of liveJobs(tx, after)) {
          const { place } = job;
          const isAsked =
            job.componentPath === component &&
            (args["udfPath"] ?? job.target.path) === job.target.path;
          const value = isAsked ? shownJob(call, job) : null;
          yield value === null ? { place } : { place, value };
        }
      });
    },
  },
  /** Arguments are in the rows, so that there is nothing to ask for here. */
  "_system/frontend/scheduler:getArgs": {
    args: inComponent({ argsId: text }),
    run: () => null,
  },
};

/** A cron's function and times as Convex stores them. */
export function shownCronSpec({ name, args, schedule }: CronSpec): JSONValue {
  return {
    udfPath: modulePathOf(name),
    udfArgs: bytes(JSON.stringify(args)),
    cronSchedule: shownSchedule(schedule),
  };
}

function shownSchedule(schedule: CronSpec["schedule"]): JSONValue {
  switch (schedule.type) {
    case "interval": {
      const seconds =
        "seconds" in schedule
          ? schedule.seconds
          : "minutes" in schedule
            ? schedule.minutes * 60
            : schedule.hours * 3_600;
      return { type: "interval", seconds: integer(seconds) };
    }
    case "cron":
      return { type: "cron", cronExpr: schedule.cron };
    default: {
      const { type, ...fields } = schedule;
      const shown = Object.entries(fields).map(([name, value]) => [
        name,
        integer(typeof value === "string" ? dayNumber(value) : value),
      ]);
      return { type, ...(Object.fromEntries(shown) as object) };
    }
  }
}

function nameOf({ componentPath, identifier }: CronRecord): string {
  return `${componentPath}:${identifier}`;
}

function shownNextRun(
  cron: CronRecord,
  lastRun: CronRun | undefined,
): Record<string, JSONValue> {
  return {
    ...systemId("_cron_next_run", nameOf(cron)),
    cronJobId: systemId("_cron_jobs", nameOf(cron))._id,
    state: { type: cron.due === null ? "inProgress" : "pending" },
    prevTs: lastRun === undefined ? null : nanoseconds(lastRun.dueMs),
    nextTs: nanoseconds(cron.nextMs),
  };
}

function shownRun(cron: CronRecord, run: CronRun): Record<string, JSONValue> {
  const { udfPath, udfArgs } = shownCronSpec(run.spec) as Record<
    string,
    JSONValue
  >;
  return {
    ...systemId("_cron_job_logs", `${nameOf(cron)}:${run.dueMs}`, run.endedMs),
    name: cron.identifier,
    ts: nanoseconds(run.dueMs),
    udfPath: udfPath!,
    udfArgs: udfArgs!,
    status: shownStatus(run),
    logLines: { logLines: [...run.logLines], isTruncated: run.isLogTruncated },
    executionTime: run.durationMs / 1_000,
  };
}

function shownStatus({ error, result, isResultTruncated }: CronRun): JSONValue {
  if (error !== undefined) return { type: "err", error };
  const text = result ?? "null";
  return {
    type: "success",
    result: isResultTruncated
      ? { type: "truncated", truncated_log: text }
      : { type: "default", value: text },
  };
}

function shownJob(
  { tx, component }: SystemCall,
  { id, target, isRunning }: LiveJob,
): JSONValue {
  const row = tx.get(component, id, { isSystem: true })?.value;
  if (row === undefined) return null;
  return {
    _id: id,
    _creationTime: row["_creationTime"]!,
    nextTs: nanoseconds(row["scheduledTime"] as number),
    udfPath: target.path,
    state: { type: isRunning ? "inProgress" : "pending" },
    udfArgs: bytes(JSON.stringify(row["args"])),
    argsId: null,
    component: target.componentPath,
  };
}

function modulePathOf(name: string): string {
  const [module = "", fn = "default"] = name.split(":");
  return `${module.replace(/\.js$/, "")}.js:${fn}`;
}

function bytes(value: string): JSONValue {
  return { $bytes: Buffer.from(value).toString("base64") };
}

function integer(value: number): JSONValue {
  return JSON.parse(integerJson(BigInt(value))) as JSONValue;
}

function nanoseconds(ms: number): JSONValue {
  return JSON.parse(
    integerJson(BigInt(Math.floor(ms)) * 1_000_000n),
  ) as JSONValue;
}
