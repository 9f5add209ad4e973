import { VERSION } from "../../convex/sessionTracker/shared/version.js";
import { Command, Option } from "./commander.js";
import { durationMs } from "./values.js";

/** The program without its commands: the options that each of them takes. */
export function newProgram() {
  return new Command("sessions-ops")
    .description(
      "Track, expire, purge and operate anonymous sessions on Convex.",
    )
    .version(VERSION)
    .option(
      "--deployment <name>",
      "the deployment that `deployments add` gave this name (env SESSIONS_OPS_DEPLOYMENT)",
    )
    .option("--url <url>", "the deployment, with --admin-key-file")
    .option(
      "--admin-key-file <file>",
      "file with the deployment's admin or deploy key",
    )
    .option(
      "--component <path>",
      "where the component is mounted (env SESSIONS_OPS_COMPONENT; default: sessionTracker)",
    )
    .option(
      "--production <name>",
      "write to the production deployment of this name without asking",
    )
    .option("--json", "print one JSON object on stdout; never ask")
    .addOption(
      new Option(
        "--timeout <time>",
        "how long to wait for an answer of the deployment: 10s, 5m (default: 2m)",
      ).argParser(durationMs),
    )
    .option(
      "--debug",
      "say on stderr what is sent, its request id and how long it took; no arguments, no keys",
    );
}

export type Program = ReturnType<typeof newProgram>;

/** The program, or a group of its commands, to add a command to. */
export type Parent = Pick<Program, "command">;
