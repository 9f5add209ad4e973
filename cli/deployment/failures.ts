/** Failures between the CLI and a deployment, in words and as exit codes. */
import { ConvexError } from "convex/values";
import { CliError, codeOf, NotSent, type CliErrorCode } from "../errors.js";
import type { Answer } from "./http.js";
import { valueText } from "../json/convexValue.js";

/** The status with which a deployment may report that a function failed, besides 200. */
const FUNCTION_FAILED = 560;

/** An answer that did not come from a function, explained; `null` for an answer of a function. */
export function badAnswer(
  { url, source }: { url: string; source: string },
  { ok, status }: Answer,
  body: string,
): CliError | null {
  if (status === 401 || status === 403) {
    return new CliError(
      "unauthorized",
      `${url} refused the admin key (${source}). Create a new one: on Convex Cloud in the deployment's settings, self-hosted with ./generate_admin_key.sh; \`serve\` keeps it in DIR/admin-key.`,
    );
  }
  if ([502, 503, 504].includes(status)) {
    return new CliError(
      "unreachable",
      `${url} is not available at the moment (status ${status}). Try again later.`,
    );
  }
  const answer = parseJson(body);
  if (answer === null) {
    return new CliError(
      "unreachable",
      `${url} does not answer as a Convex deployment does (status ${status}). Check the URL.`,
      { retryable: status >= 500 },
    );
  }
  if (ok || status === FUNCTION_FAILED) return null;
  const message =
    typeof answer["message"] === "string" ? answer["message"] : body;
  return new CliError(
    "failure",
    `${url} refused the request (status ${status}): ${message}`,
  );
}

function parseJson(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object"
      ? (value as Record<string, unknown> | null)
      : null;
  } catch {
    // An error page or a proxy's text: the answer is not JSON.
    return null;
  }
}

const REFUSALS: Record<string, CliErrorCode> = {
  invalidAnonymousId: "usage",
  ambiguousId: "usage",
  invalidArgument: "usage",
  invalidSettings: "usage",
  invalidSchedule: "usage",
  invalidCutoff: "usage",
  retentionNever: "usage",
};

/** The component's own error as the CLI's: it carries `{ kind, message }`, made to be read. */
export function refusal(error: Error, data: unknown): CliError {
  if (typeof data !== "object" || data === null) {
    return new CliError(
      "failure",
      typeof data === "string" ? data : valueText(data),
      { cause: error },
    );
  }
  const { kind, message } = data as { kind?: unknown; message?: unknown };
  return new CliError(
    REFUSALS[String(kind)] ?? "failure",
    typeof message === "string" ? message : valueText(data),
    { cause: error },
  );
}

/** The data of the component's error behind this one, where there is one. */
export function refusalData(error: unknown): Record<string, unknown> | null {
  if (!(error instanceof CliError && error.cause instanceof ConvexError)) {
    return null;
  }
  const data: unknown = error.cause.data;
  return typeof data === "object" && data !== null
    ? (data as Record<string, unknown>)
    : null;
}

/** Errors of a connection that never came about, so that nothing was sent. */
const NOT_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"];

/** The reason why there was no answer, and whether the call may have been done. */
export function noAnswer(
  url: string,
  error: unknown,
  reason: string,
): CliError {
  const message = `No answer from ${url} (${reason}). Check the URL and the network; start an embedded deployment with \`sessions-ops serve\`.`;
  const isNotSent = NOT_SENT.includes(codeOf(error) ?? "");
  return isNotSent
    ? new NotSent(message)
    : new CliError("unreachable", message);
}

/** The most telling part of an error of the network. */
export function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const isTooLate = [error, cause].some(
    (one) => one instanceof Error && one.name === "TimeoutError",
  );
  if (isTooLate) return "none in time";
  // Several addresses tried: the message is empty and the code says it.
  return error.message || (codeOf(error) ?? error.name);
}
