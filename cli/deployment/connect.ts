import type { CliContext } from "../context.js";
import { ComponentClient } from "./client.js";
import { noteSkew } from "./clock.js";
import { confirmName } from "../terminal/confirm.js";
import { checkKnown } from "./target/knownTargets.js";
import { note } from "../terminal/output.js";
import { traced } from "./requestTrace.js";
import { productionBanner } from "./target/production.js";
import { targetFlags } from "../terminal/shell.js";
import {
  resolveTarget,
  type Target,
  type TargetOptions,
} from "./target/target.js";

/** The options every command has. */
export interface GlobalOptions extends TargetOptions {
  readonly component?: string;
  readonly json?: boolean;
  /** The name of the production deployment that is meant, instead of typing it. */
  readonly production?: string;
  /** How long to wait for an answer of the deployment, in ms. */
  readonly timeout?: number;
  /** Whether to say what is sent, and what came back. */
  readonly debug?: boolean;
}

/** A deployment and the means to talk to it. */
export interface Connection {
  readonly client: ComponentClient;
  readonly target: Target;
  readonly options: GlobalOptions;
}

const DEFAULT_COMPONENT = "sessionTracker";

export async function connect(
  ofCommand: CliContext,
  options: GlobalOptions,
): Promise<Connection> {
  const context = options.debug === true ? traced(ofCommand) : ofCommand;
  const target = await resolveTarget(context, options);
  // What is recorded with a deployment's name was meant for it; the environment may be for another.
  const given =
    options.component ??
    (target.component === undefined
      ? context.env["SESSIONS_OPS_COMPONENT"] || undefined
      : undefined);
  const component = given ?? target.component ?? DEFAULT_COMPONENT;
  context.commands.targetFlags = targetFlags({
    ...target.namedBy,
    component: given,
  });
  for (const text of target.notes) note(context, text);
  await checkKnown(context, options, target);
  return {
    target,
    options,
    client: new ComponentClient(context, target, component, {
      ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
    }),
  };
}

/**
 * Says before a write which deployment it goes to, and by which clock; in production the deployment's
 * name has to be typed.
 */
export async function announceTarget(
  context: CliContext,
  connection: Connection,
): Promise<void> {
  sayTarget(context, connection);
  const { client, target, options } = connection;
  await noteSkew(context, client);
  if (target.productionName === null) return;
  await confirmName(context, options, {
    given: options.production,
    name: target.productionName,
    question: `This changes the production deployment ${target.productionName}. Type its name to go on:`,
    flags: `--production ${target.productionName}`,
  });
}

/** Names the deployment, and says whether it is in production. */
export function sayTarget(
  context: CliContext,
  { target, client }: Connection,
): void {
  note(
    context,
    `Target: ${target.url} (${target.source}), component ${client.component}`,
  );
  if (target.productionName === null) return;
  note(context, productionBanner(context, "stderr", target.productionName));
}
