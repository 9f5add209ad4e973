import { ConvexHttpClient } from "convex/browser";
import { ConvexError } from "convex/values";
import type {
  Args,
  FunctionName,
  MutationName,
  QueryName,
  Returns,
} from "./api.js";
import { CliError, messageOf, type CliErrorCode } from "./errors.js";
import type { Target } from "./target.js";

/** Longer than any function may take on a real deployment. */
const REQUEST_TIMEOUT_MS = 120_000;

/** What `ConvexHttpClient` can do at run time beyond its types, as the official CLI uses it. */
interface AdminHttpClient {
  setAdminAuth(adminKey: string): void;
  function(
    path: string,
    componentPath: string,
    args: Record<string, unknown>,
  ): Promise<unknown>;
}

/** Calls the component's functions with the admin key. */
export class ComponentClient {
  readonly #http: AdminHttpClient;
  readonly #target: Target;
  readonly component: string;

  constructor(target: Target, component: string, fetchFn: typeof fetch) {
    const http = new ConvexHttpClient(target.url, {
      skipConvexDeploymentUrlCheck: true,
      logger: false,
      fetch: (input, init) => this.#fetch(fetchFn, input, init),
    });
    if (!isAdminClient(http)) {
      throw new CliError(
        "failure",
        "This version of the convex package cannot call functions with an admin key; sessions-ops was made for 1.48.",
      );
    }
    http.setAdminAuth(target.adminKey.reveal());
    this.#http = http;
    this.#target = target;
    this.component = component;
  }

  /** Calls a query; once more, if the network loses the first answer. */
  query<Name extends QueryName>(
    name: Name,
    args: Args<Name>,
  ): Promise<Returns<Name>> {
    return this.#twice(name, args);
  }

  /**
   * @param options.repeatable the component recognises the call when it sees it again, so that it
   *   is made once more if the network loses the first answer
   */
  mutation<Name extends MutationName>(
    name: Name,
    args: Args<Name>,
    { repeatable = false }: { repeatable?: boolean } = {},
  ): Promise<Returns<Name>> {
    return repeatable ? this.#twice(name, args) : this.#once(name, args);
  }

  async #twice<Name extends FunctionName>(
    name: Name,
    args: Args<Name>,
  ): Promise<Returns<Name>> {
    try {
      return await this.#once(name, args);
    } catch (error) {
      const isLost = error instanceof CliError && error.code === "unreachable";
      if (!isLost) throw error;
      return await this.#once(name, args);
    }
  }

  async #once<Name extends FunctionName>(
    name: Name,
    args: Args<Name>,
  ): Promise<Returns<Name>> {
    try {
      const value = await this.#http.function(name, this.component, args);
      return value as Returns<Name>;
    } catch (error) {
      throw this.#explain(name, error);
    }
  }

  /** Sees the status that the client's own errors leave out. */
  async #fetch(
    fetchFn: typeof fetch,
    input: Parameters<typeof fetch>[0],
    init: RequestInit | undefined,
  ): Promise<Response> {
    const { url } = this.#target;
    let response: Response;
    try {
      response = await fetchFn(input, {
        ...init,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch (error) {
      throw new CliError(
        "unreachable",
        `No answer from ${url} (${this.#redact(networkReason(error))}). Check the URL and the network; start an embedded deployment with \`sessions-ops serve\`.`,
      );
    }
    if (response.status === 401 || response.status === 403) {
      throw new CliError(
        "unauthorized",
        `${url} refused the admin key (${this.#target.source}). Create a new one: on Convex Cloud in the deployment's settings, self-hosted with ./generate_admin_key.sh; \`serve\` keeps it in DIR/admin-key.`,
      );
    }
    if ([502, 503, 504].includes(response.status)) {
      throw new CliError(
        "unreachable",
        `${url} is not available at the moment (status ${response.status}). Try again later.`,
      );
    }
    return response;
  }

  #explain(name: string, error: unknown): CliError {
    if (error instanceof CliError) return error;
    if (error instanceof ConvexError) return refusal(error, error.data);
    const message = this.#redact(messageOf(error));
    if (
      /could not find (public )?function|component.*not found|find component/i.test(
        message,
      )
    ) {
      return new CliError(
        "failure",
        `${this.#target.url} has no component at "${this.component}" with the function ${name}. Add app.use(sessionTracker) to convex/convex.config.ts and run \`npx convex deploy\`; where it is mounted under another name, give --component.`,
      );
    }
    return new CliError("failure", `${name} failed: ${message.trim()}`);
  }

  #redact(text: string): string {
    return this.#target.adminKey.redact(text);
  }
}

const REFUSALS: Record<string, CliErrorCode> = {
  invalidAnonymousId: "usage",
  invalidArgument: "usage",
  invalidSettings: "usage",
  invalidSchedule: "usage",
  invalidCutoff: "usage",
  retentionNever: "usage",
};

/** The component's own errors carry `{ kind, message }`, made to be read. */
function refusal(error: Error, data: unknown): CliError {
  if (typeof data !== "object" || data === null) {
    return new CliError("failure", String(data), { cause: error });
  }
  const { kind, message } = data as { kind?: unknown; message?: unknown };
  return new CliError(
    REFUSALS[String(kind)] ?? "failure",
    typeof message === "string" ? message : JSON.stringify(data),
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

/** `fetch failed` says nothing; its cause does. */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") {
    return `none within ${REQUEST_TIMEOUT_MS / 1_000} s`;
  }
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  // Several addresses tried: the message is empty and the code says it.
  const code = "code" in cause ? String(cause.code) : "";
  return cause.message || code || error.message;
}

function isAdminClient(
  client: object,
): client is ConvexHttpClient & AdminHttpClient {
  return "setAdminAuth" in client && "function" in client;
}
