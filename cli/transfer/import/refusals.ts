/** The deployment's errors for single rows, told apart from those that would keep any row out. */
import { CliError } from "../../errors.js";
import { refusalData } from "../../deployment/failures.js";

/**
 * Whether the call was too large: by the component's own word, or a limit of the deployment on one
 * transaction.
 */
export function isTooLarge(error: unknown): boolean {
  if (refusalData(error)?.["kind"] === "batchTooLarge") return true;
  return (
    isRefusal(error) &&
    /too (many|much|large)|limit|timed out/i.test(error.message)
  );
}

/** Whether the deployment answered, and took nothing of the call. */
export function isRefusal(error: unknown): error is CliError {
  return error instanceof CliError && error.code === "failure";
}

/** The reason why the deployment refused it; without the place in a call, which is nobody's line. */
export function reasonOf(error: CliError): string {
  const problem = refusalData(error)?.["problem"];
  return typeof problem === "string" ? problem : error.message;
}

/** The place in a call of the row that the component names. */
export function refusedIndex(error: unknown): number | null {
  const data = refusalData(error);
  const index = data?.["kind"] === "invalidRow" ? data["index"] : null;
  return typeof index === "number" ? index : null;
}
