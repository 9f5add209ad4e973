import { ConvexHttpClient } from "convex/browser";
import { ConvexError } from "convex/values";
import type {
  Args,
  FunctionName,
  MutationName,
  QueryName,
  Returns,
} from "./api.js";
import type { CliContext } from "../context.js";
import {
  CliError,
  isUnreachable,
  mayBeDone,
  messageOf,
  NotSent,
} from "../errors.js";
import { CONFLICTS_PATH, readConflicts, type Conflicts } from "./conflicts.js";
import { badAnswer, networkReason, noAnswer, refusal } from "./failures.js";
import { toAnswer, type Answer, type FetchInit } from "./http.js";
import { untilInterrupted } from "../terminal/interrupt.js";
import { note } from "../terminal/output.js";
import { persist, type AfterLoss } from "./persist.js";
import { printsReceipts } from "../terminal/streams.js";
import type { Target } from "./target/target.js";
import {
  reportLost,
  unanswered,
  unansweredAtInterrupt,
  whereToLook,
} from "./unanswered.js";

/** The time a request may take: longer than any query or mutation may take on a real deployment. */
const REQUEST_TIMEOUT_MS = 120_000;

/** The time that a request may take whose answer a command can do without. */
const EXTRA_TIMEOUT_MS = 5_000;

export interface ClientOptions {
  /** How long to wait for an answer; after that a call is not made again. @default 120,000, and 30,000 of an outage */
  readonly timeoutMs?: number;
}

/** The methods that `ConvexHttpClient` has at run time beyond its types, as the official CLI uses them. */
interface AdminHttpClient {
  setAdminAuth(adminKey: string): void;
  function(
    path: string,
    componentPath: string,
    args: Record<string, unknown>,
  ): Promise<unknown>;
}

/**
 * Calls the component's functions with the admin key. Once the deployment has answered, a repeatable
 * call is made again for half a minute when the network or the deployment goes away; a first call that
 * gets no answer fails at once.
 */
export class ComponentClient {
  readonly #context: CliContext;
  readonly #http: AdminHttpClient;
  readonly #target: Target;
  readonly #timeoutMs: number | undefined;
  readonly #interrupted = new AbortController();
  readonly #givenUp = new AbortController();
  #hasAnswered = false;
  /** Whether the loss of the connection was reported: once an outage, however many calls it meets. */
  #hasSaidLost = false;
  #takesWrites = true;
  /** The place to look for the last write that was answered. */
  #done: string | null = null;
  readonly component: string;

  constructor(
    context: CliContext,
    target: Target,
    component: string,
    { timeoutMs }: ClientOptions = {},
  ) {
    const answered: unknown = (url: string, init?: FetchInit) =>
      this.#fetch(url, init);
    const http = new ConvexHttpClient(target.url, {
      skipConvexDeploymentUrlCheck: true,
      logger: false,
      // The client reads no more of an answer than ours has.
      fetch: answered as typeof fetch,
    });
    if (!isAdminClient(http)) {
      throw new CliError(
        "failure",
        "This version of the convex package cannot call functions with an admin key; sessions-ops was made for 1.48.",
      );
    }
    http.setAdminAuth(target.adminKey.reveal());
    this.#context = context;
    this.#http = http;
    this.#target = target;
    this.#timeoutMs = timeoutMs;
    this.component = component;
  }

  interrupt(): void {
    this.#interrupted.abort();
  }

  giveUp(): void {
    this.#givenUp.abort(new Error("interrupted"));
  }

  async query<Name extends QueryName>(
    name: Name,
    args: Args<Name>,
  ): Promise<Returns<Name>> {
    try {
      return await this.#persist(name, args, true);
    } catch (error) {
      if (this.#done === null || !isUnreachable(error)) throw error;
      throw reportLost(this.#done, error);
    }
  }

  /**
   * Calls a mutation. On Ctrl-C its answer is waited for a moment more, unless the command itself says
   * what happens.
   * @param options.repeatable the component recognises the call when it sees it again, so that it
   *   may be made again when its answer is lost
   * @throws unreachable; where it may be done all the same, with the command that says
   */
  async mutation<Name extends MutationName>(
    name: Name,
    args: Args<Name>,
    { repeatable = false }: { repeatable?: boolean } = {},
  ): Promise<Returns<Name>> {
    if (!this.#takesWrites) throw new CliError("cancelled", "Interrupted.");
    const act = async (interrupted: AbortSignal): Promise<Returns<Name>> => {
      try {
        const answer = await this.#persist(name, args, repeatable);
        printsReceipts(this.#context);
        this.#done = whereToLook(name, args) ?? this.#done;
        return answer;
      } catch (error) {
        if (mayBeDone(error)) {
          const explain = interrupted.aborted
            ? unansweredAtInterrupt
            : unanswered;
          throw explain(name, args, error);
        }
        if (!isUnreachable(error) || !interrupted.aborted) throw error;
        throw new CliError("cancelled", "Interrupted.", { cause: error });
      } finally {
        if (interrupted.aborted) this.#takesWrites = false;
      }
    };
    return await untilInterrupted(this.#context, this, act, {
      isFallback: true,
    });
  }

  /**
   * Conflicts of mutations since the deployment's start.
   * @returns `null` where it does not tell them, as on Convex, or does not answer: nothing waits for them
   */
  async conflicts(): Promise<Conflicts | null> {
    const { url, adminKey } = this.#target;
    const headers = { authorization: `Convex ${adminKey.reveal()}` };
    try {
      const to = `${url}${CONFLICTS_PATH}`;
      const answer = await this.#fetch(to, { headers }, EXTRA_TIMEOUT_MS);
      return answer.ok ? readConflicts(await answer.json()) : null;
    } catch {
      return null;
    }
  }

  #persist<Name extends FunctionName>(
    name: Name,
    args: Args<Name>,
    isRepeatable: boolean,
  ): Promise<Returns<Name>> {
    const afterLoss = (error: CliError, attempt: number): AfterLoss => {
      if (!isRepeatable && !(error instanceof NotSent)) return "fail";
      if (!this.#hasAnswered) return attempt === 0 ? "again" : "fail";
      this.#sayLost(error);
      return "persist";
    };
    return persist(this.#context, () => this.#once(name, args), {
      afterLoss,
      ended: this.#interrupted.signal,
      ...(this.#timeoutMs === undefined ? {} : { patienceMs: this.#timeoutMs }),
    });
  }

  #sayLost({ message }: CliError): void {
    if (this.#hasSaidLost || this.#interrupted.signal.aborted) return;
    this.#hasSaidLost = true;
    note(this.#context, `${message}\nTrying again …`);
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

  /**
   * Fetches, and sees the status, and connections that end half way, which the client's own errors
   * leave out.
   */
  async #fetch(
    to: string,
    init: FetchInit | undefined,
    timeoutMs = this.#timeoutMs ?? REQUEST_TIMEOUT_MS,
  ): Promise<Answer> {
    const { url } = this.#target;
    try {
      const response = await this.#context.fetch(to, {
        ...init,
        signal: AbortSignal.any([
          AbortSignal.timeout(timeoutMs),
          this.#givenUp.signal,
        ]),
      });
      // The admin key gets no further than this, whatever the other side quotes.
      const body = this.#redact(await response.text());
      const failure = badAnswer(this.#target, response, body);
      if (failure) throw failure;
      this.#hasAnswered = true;
      this.#hasSaidLost = false;
      return toAnswer(response.status, body);
    } catch (error) {
      if (error instanceof CliError) throw error;
      throw noAnswer(url, error, this.#redact(networkReason(error)));
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
    return new CliError("failure", `${name} failed: ${reasonIn(message)}`);
  }

  #redact(text: string): string {
    return this.#target.adminKey.redact(text);
  }
}

/**
 * What a deployment says of an error, on the line of the request's id. The place in the code that a
 * development deployment adds is nothing to an operator; a production one may say no more than "Server Error".
 */
function reasonIn(message: string): string {
  return message
    .replaceAll(/\n\s+at .*/g, "")
    .replace(/^(\[Request ID: \w+\]) Server Error\n/, "$1 ")
    .trim();
}

function isAdminClient(
  client: object,
): client is ConvexHttpClient & AdminHttpClient {
  return "setAdminAuth" in client && "function" in client;
}
