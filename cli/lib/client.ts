import { ConvexHttpClient } from "convex/browser";
import { ConvexError } from "convex/values";
import type {
  Args,
  FunctionName,
  MutationName,
  QueryName,
  Returns,
} from "./api.js";
import { CliError, isUnreachable, messageOf } from "./errors.js";
import { badAnswer, networkReason, refusal } from "./failures.js";
import { toAnswer, type Answer, type Fetch, type FetchInit } from "./http.js";
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
  readonly #givenUp = new AbortController();
  readonly component: string;

  constructor(target: Target, component: string, fetchFn: Fetch) {
    const answered: unknown = (url: string, init?: FetchInit) =>
      this.#fetch(fetchFn, url, init);
    const http = new ConvexHttpClient(target.url, {
      skipConvexDeploymentUrlCheck: true,
      logger: false,
      // The client asks no more of an answer than ours has.
      fetch: answered as typeof fetch,
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

  /** Ends the calls under way, and all later ones, as if the network had lost their answers. */
  giveUp(): void {
    this.#givenUp.abort(new Error("interrupted"));
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
      if (!isUnreachable(error)) throw error;
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

  /** Sees the status, and connections that end half way, which the client's own errors leave out. */
  async #fetch(
    fetchFn: Fetch,
    to: string,
    init: FetchInit | undefined,
  ): Promise<Answer> {
    const { url } = this.#target;
    try {
      const response = await fetchFn(to, {
        ...init,
        signal: AbortSignal.any([
          AbortSignal.timeout(REQUEST_TIMEOUT_MS),
          this.#givenUp.signal,
        ]),
      });
      // Whatever the other side quotes, the key gets no further than this.
      const body = this.#redact(await response.text());
      const failure = badAnswer(this.#target, response, body);
      if (failure) throw failure;
      return toAnswer(response.status, body);
    } catch (error) {
      if (error instanceof CliError) throw error;
      throw new CliError(
        "unreachable",
        `No answer from ${url} (${this.#redact(networkReason(error))}). Check the URL and the network; start an embedded deployment with \`sessions-ops serve\`.`,
      );
    }
  }

  #explain(name: string, error: unknown): CliError {
    if (error instanceof CliError) return error;
    if (error instanceof ConvexError) return refusal(error, error.data);
    const message = messageOf(error);
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
    return new CliError("failure", `${name} failed: ${withoutStack(message)}`);
  }

  #redact(text: string): string {
    return this.#target.adminKey.redact(text);
  }
}

/** A development deployment sends where in its code it was, which is nothing to an operator. */
function withoutStack(message: string): string {
  return message.replaceAll(/\n\s+at .*/g, "").trim();
}

function isAdminClient(
  client: object,
): client is ConvexHttpClient & AdminHttpClient {
  return "setAdminAuth" in client && "function" in client;
}
