import { cronJobs } from "convex/server";
import { internal } from "./_generated/api.js";

const crons = cronJobs();

// The only static cron. The watchdog's first check, right after a deploy, registers the schedules.
crons.interval(
  "watchdog",
  { minutes: 15 },
  internal.schedules.watchdog.check,
  {},
);

export default crons;
