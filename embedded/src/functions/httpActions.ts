import { HTTP_MODULE_PATH, type Deployment } from "./deployment.js";
import { toFailure } from "./execution/execute.js";
import {
  runAs,
  type Execution,
  type RequestContext,
} from "./execution/execution.js";
import { FunctionFailure } from "./failure.js";
import type { FunctionEntry, InvocableHttpAction } from "./functionEntry.js";
import type { Runtime } from "./runtime.js";
import { Span } from "./execution/span.js";
import { describeThrown } from "./stackTrace.js";
import { startUserTime } from "./execution/userTime.js";
import { MAX_RESPONSE_BYTES, warnOfResponse } from "./execution/warnings.js";

/** An HTTP request for the app's own routes. */
export interface HttpActionCall {
  /** The request, made with this process's `Request`, which is the class that pushed code sees. */
  readonly request: Request;
  /** Path for the routing. A mount's prefix is cut off here, and stays in the request's URL. */
  readonly path: string;
  readonly context: RequestContext;
}

/** How a request was answered: by a handler, or not at all. */
export type HttpActionOutcome =
  | { readonly kind: "responded"; readonly response: Response }
  | { readonly kind: "failed"; readonly failure: FunctionFailure }
  | { readonly kind: "noRoute" }
  /** Neither the app nor a component it mounts has an `http.js`. */
  | { readonly kind: "notEnabled" };

/**
 * Routes a request to an HTTP action and runs it. The action goes on until its
 * response's body was read to the end or given up.
 */
export async function runHttpAction(
  runtime: Runtime,
  call: HttpActionCall,
): Promise<HttpActionOutcome> {
  const { deployment } = runtime;
  let route: Route | undefined;
  try {
    route = await findRoute(deployment, "", call.path, call.request.method);
  } catch (error) {
    // A router could not be loaded; which component's it was is not known here.
    const { message } = await describeThrown(error, () => undefined);
    return { kind: "failed", failure: new FunctionFailure(message) };
  }
  if (route !== undefined) return run(runtime, deployment, route, call);
  return { kind: deployment.servesHttp ? "noRoute" : "notEnabled" };
}

interface Route {
  readonly componentPath: string;
  /** Name of the route, such as `GET /hook` or `POST /api/*`. */
  readonly name: string;
  readonly action: InvocableHttpAction;
}

/** The route of a request. A component's own routes come before those of the children it mounts. */
async function findRoute(
  deployment: Deployment,
  componentPath: string,
  path: string,
  method: string,
): Promise<Route | undefined> {
  const router = await deployment.loadHttpRouter(componentPath);
  const ownPath =
    componentPath === "" ? withoutPrefix(path, deployment.httpPrefix) : path;
  const [action, routedMethod, pattern] =
    (ownPath === null ? null : router?.lookup(ownPath, method)) ?? [];
  if (action !== undefined) {
    return { componentPath, name: `${routedMethod} ${pattern}`, action };
  }
  const mounts = Object.entries(deployment.httpMounts(componentPath))
    .filter(([prefix]) => path.startsWith(prefix))
    .sort(([a], [b]) => b.length - a.length);
  for (const [prefix, child] of mounts) {
    const rest = path.slice(prefix.length - 1);
    const found = await findRoute(deployment, child, rest, method);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A path as the app's own routes have it, without the prefix of all of them; null beside it. */
function withoutPrefix(path: string, prefix = "/"): string | null {
  return path.startsWith(prefix) ? `/${path.slice(prefix.length)}` : null;
}

async function run(
  runtime: Runtime,
  deployment: Deployment,
  route: Route,
  { request, context }: HttpActionCall,
): Promise<HttpActionOutcome> {
  const entry = entryOf(route);
  const span = new Span(runtime, entry, {
    deployment,
    request:
      route.componentPath === ""
        ? context
        : { ...context, identity: null, authToken: null },
    isHttpAction: true,
  });
  const execution = span.begin(null);
  try {
    startUserTime();
    const answer = await runAs(execution, () =>
      route.action.invokeHttpAction(request),
    );
    if (execution.fatal !== undefined) throw execution.fatal;
    const response = checkResponse(route, answer);
    return {
      kind: "responded",
      response: untilRead(response, execution, span),
    };
  } catch (error) {
    const failure = execution.fatal ?? (await toFailure(execution, error));
    warnOfResponse(execution, 0);
    execution.finish();
    return { kind: "failed", failure: span.failed(failure).failure };
  }
}

function checkResponse({ name }: Route, answer: unknown): Response {
  if (!(answer instanceof Response)) {
    throw new FunctionFailure(
      `The HTTP action ${name} returned no Response. Return \`new Response(…)\`.`,
    );
  }
  if (answer.type === "error") {
    throw new FunctionFailure(
      `The HTTP action ${name} returned Response.error(), which has no status to send.`,
    );
  }
  return answer;
}

/** The same response with a body that ends the execution when it ends, fails or is cancelled. */
function untilRead(
  response: Response,
  execution: Execution,
  span: Span,
): Response {
  if (response.body === null) {
    warnOfResponse(execution, 0);
    execution.finish();
    span.responded(response.status);
    return response;
  }
  const reader =
    response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let isOver = false;
  let sentBytes = 0;
  const succeed = () => {
    warnOfResponse(execution, sentBytes);
    span.responded(response.status);
  };
  // When the client leaves, the execution ends while a read may be under way.
  const end = (tell: () => unknown) => {
    if (isOver) return;
    isOver = true;
    execution.finish();
    tell();
  };
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      let read;
      try {
        read = await runAs(execution, () => reader.read());
        sentBytes += read.value?.byteLength ?? 0;
        if (sentBytes > MAX_RESPONSE_BYTES) throw responseTooLarge();
      } catch (error) {
        const failure = execution.fatal ?? (await toFailure(execution, error));
        controller.error(failure);
        end(() => {
          warnOfResponse(execution, sentBytes);
          span.failed(failure);
        });
        return;
      }
      if (isOver) return;
      if (read.done) {
        end(succeed);
        controller.close();
      } else {
        controller.enqueue(read.value);
      }
    },
    async cancel(reason) {
      end(succeed);
      await runAs(execution, () => reader.cancel(reason));
    },
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

function responseTooLarge(): FunctionFailure {
  return new FunctionFailure(
    `The response of an HTTP action has more than ${MAX_RESPONSE_BYTES / 1024 / 1024} MiB.`,
  );
}

function entryOf({ componentPath, name }: Route): FunctionEntry {
  return {
    componentPath,
    modulePath: HTTP_MODULE_PATH,
    name,
    path: name,
    udfType: "Action",
    isPublic: true,
    args: null,
    returns: null,
  };
}
