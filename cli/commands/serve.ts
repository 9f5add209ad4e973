import { examples } from "../commandLine/examples.js";
import { given } from "../commandLine/given.js";
import type { Parent } from "../commandLine/bareProgram.js";
import { wholeNumber } from "../commandLine/values.js";
import { withTraits } from "../commandLine/traits.js";
import type { CliContext } from "../context.js";

export function addServe(program: Parent, context: CliContext): void {
  withTraits(program.command("serve"), {
    writes: true,
    deletes: false,
    json: ["ServeJson"],
  })
    .description(
      "run an embedded deployment with the app of this folder, for development, tests and CI",
    )
    .option("--port <port>", "port to listen on", wholeNumber(0, 65_535), 3210)
    .option(
      "--site-port <port>",
      "port for the app's HTTP actions (default: the one after --port)",
      wholeNumber(0, 65_535),
    )
    .option(
      "--data <dir>",
      "where its data and admin key are kept",
      ".sessions-ops/data",
    )
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--allow-remote", "allow a --host that other machines can reach")
    .option(
      "--dev",
      "deploy again whenever the app's code changes, with `convex dev`, which also writes the URL for the front end to .env.local",
    )
    // Node takes an --env-file for its own, wherever it stands.
    .option(
      "--env-from <file>",
      "NAME=value lines: environment variables of the app, set before it is deployed; others that were set stay",
    )
    .option("--verbose", "show what `convex deploy` prints")
    .addHelpText(
      "after",
      `
With --admin-key-file the deployment takes the key in that file, such as a
container's secret; else it has the one in its data directory, made at its
first start.`,
    )
    .addHelpText(
      ...examples("serve --dev", "serve --port 4000 --env-from .env.convex"),
    )
    .action(async (_options, command) => {
      const { serve } = await import("../serve/serve.js");
      await serve(context, given(command));
    });
}
