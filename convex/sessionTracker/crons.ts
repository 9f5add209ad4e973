import { cronJobs } from "convex/server";
import { internal } from "./_generated/api.js";
import { WATCHDOG_EVERY_MINUTES } from "./shared/times.js";

const crons = cronJobs();

// The only static cron. The watchdog's first check, right after a deploy, registers the schedules.
crons.interval(
  "watchdog",
  { minutes: WATCHDOG_EVERY_MINUTES },
  internal.schedules.watchdog.check,
  {},
);

export default crons;
