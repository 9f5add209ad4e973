import type { CliContext } from "../context.js";
import { ComponentClient } from "./client.js";
import { note } from "./output.js";
import { resolveTarget, type Target, type TargetOptions } from "./target.js";

/** The options every command has. */
export interface GlobalOptions extends TargetOptions {
  readonly component?: string;
  readonly json?: boolean;
}

/** A deployment and the means to talk to it. */
export interface Connection {
  readonly client: ComponentClient;
  readonly target: Target;
}

const DEFAULT_COMPONENT = "sessionTracker";

export async function connect(
  context: CliContext,
  options: GlobalOptions,
): Promise<Connection> {
  const target = await resolveTarget(context, options);
  const component =
    options.component ??
    (context.env["SESSIONS_OPS_COMPONENT"] || DEFAULT_COMPONENT);
  for (const text of target.notes) note(context, text);
  return {
    target,
    client: new ComponentClient(target, component, context.fetch),
  };
}

/** Says where a write goes, before it goes there. */
export function announceTarget(
  context: CliContext,
  { target, client }: Connection,
): void {
  note(
    context,
    `Target: ${target.url} (${target.source}), component ${client.component}`,
  );
}
