import type { Transaction } from "../database/transactions/transaction.js";
import type { AuditEvent } from "./auditLog.js";
import { describeJson, isJsonObject } from "./http/body.js";
import { badRequest } from "./http/http.js";

/** Environment variables of the app, by name. */
export type Environment = Readonly<Record<string, string>>;

/** One change of `update_environment_variables`; null removes. */
export interface EnvironmentChange {
  name: string;
  value: string | null;
}

const PREFIX = "env/";
const MAX_VARIABLES = 1_000;
const MAX_VALUE_LENGTH = 8_192;

export function readEnvironment(tx: Transaction): Environment {
  return Object.fromEntries(
    [...tx.meta.range(PREFIX)].map(({ key, value }) => [
      key.slice(PREFIX.length),
      value,
    ]),
  );
}

export function writeEnvironment(
  tx: Transaction,
  changes: readonly EnvironmentChange[],
): void {
  for (const { name, value } of changes) {
    if (value === null) tx.meta.delete(PREFIX + name);
    else tx.meta.put(PREFIX + name, value);
  }
}

/** `current` with `changes` made to it. */
export function changeEnvironment(
  current: Environment,
  changes: readonly EnvironmentChange[],
): Environment {
  const changed = new Map(Object.entries(current));
  for (const { name, value } of changes) {
    if (value === null) changed.delete(name);
    else changed.set(name, value);
  }
  if (changed.size > MAX_VARIABLES) {
    throw badRequest(
      "TooManyEnvironmentVariables",
      `A deployment has at most ${MAX_VARIABLES} environment variables.`,
    );
  }
  return Object.fromEntries(changed);
}

/** What changes of variables are in the audit log; their values are not. */
export function environmentEvents(
  current: Environment,
  changes: readonly EnvironmentChange[],
): AuditEvent[] {
  return changes.flatMap(({ name, value }) => {
    const isSet = Object.hasOwn(current, name);
    if (value === null && !isSet) return [];
    const what = value === null ? "delete" : isSet ? "update" : "create";
    return {
      action: `${what}_environment_variable`,
      metadata: { variable_name: name },
    };
  });
}

/**
 * Checks the body of `update_environment_variables`.
 * @param builtIn names the deployment sets itself
 */
export function parseEnvironmentChanges(
  body: Record<string, unknown>,
  builtIn: Environment,
): EnvironmentChange[] {
  const { changes } = body;
  if (!Array.isArray(changes)) {
    throw badRequest(
      "BadJsonBody",
      `changes must be an array, not ${describeJson(changes)}.`,
    );
  }
  return changes.map((change: unknown) => parseChange(change, builtIn));
}

function parseChange(change: unknown, builtIn: Environment): EnvironmentChange {
  const { name, value } = isJsonObject(change)
    ? change
    : { name: undefined, value: undefined };
  if (typeof name !== "string" || !/^[A-Za-z_][A-Za-z0-9_]{0,39}$/.test(name)) {
    throw badRequest(
      "EnvVarNameInvalid",
      `An environment variable's name has 1 to 40 letters, digits and "_", no digit first; got ${typeof name === "string" ? `"${name}"` : describeJson(name)}.`,
    );
  }
  if (Object.hasOwn(builtIn, name)) {
    throw badRequest(
      "EnvVarNameForbidden",
      `${name} is set by the deployment itself and cannot be changed.`,
    );
  }
  if (value === null || value === undefined) return { name, value: null };
  if (typeof value !== "string" || value.length > MAX_VALUE_LENGTH) {
    throw badRequest(
      "EnvVarValueInvalid",
      `The value of ${name} must be a string of at most ${MAX_VALUE_LENGTH} characters, or null to remove it.`,
    );
  }
  return { name, value };
}
