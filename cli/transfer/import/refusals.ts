/** What a deployment has against rows, told apart from what would keep any row out. */
import { CliError } from "../../errors.js";
import { refusalData } from "../../deployment/failures.js";

/** The component's own word for it, or a limit of the deployment on what one transaction does. */
export function isTooLarge(error: unknown): boolean {
  if (refusalData(error)?.["kind"] === "batchTooLarge") return true;
  return (
    isRefusal(error) &&
    /too (many|much|large)|limit|timed out/i.test(error.message)
  );
}

/** The deployment answered, and took nothing of the call. */
export function isRefusal(error: unknown): error is CliError {
  return error instanceof CliError && error.code === "failure";
}

/** Why the deployment refused it; without the place in a call, which is nobody's line. */
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
