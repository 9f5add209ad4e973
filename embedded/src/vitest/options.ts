import { TestDeploymentError } from "./errors.js";

/** Refuses a value that an option does not have, which JavaScript and a cast let through. @throws TestDeploymentError "invalidOption" */
export function checkOption<Value extends string>(
  name: string,
  value: Value,
  values: readonly Value[],
): void {
  if (values.includes(value)) return;
  const known = values.map((one) => JSON.stringify(one)).join(" or ");
  throw invalidOption(`\`${name}\` must be ${known}, got ${shown(value)}.`);
}

/** Refuses a number of times that is none. @throws TestDeploymentError "invalidOption" */
export function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw invalidOption(
    `\`${name}\` must be a whole number from 0 on, got ${shown(value)}.`,
  );
}

export function invalidOption(message: string): TestDeploymentError {
  return new TestDeploymentError("invalidOption", message);
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
