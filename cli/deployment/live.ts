/** Live queries over a WebSocket, with the admin key, as the official CLI's `run --watch` has them. */
import { ConvexClient } from "convex/browser";
import type { Args, QueryName, Returns } from "./api.js";
import { CliError, messageOf } from "../errors.js";
import type { Connection } from "./connect.js";

/** The methods that the client has at run time beyond its types. */
interface AdminSyncClient {
  setAdminAuth(adminKey: string): void;
  subscribe(
    name: string,
    args: Record<string, unknown>,
    options: { componentPath: string },
  ): { queryToken: string; unsubscribe: () => void };
  localQueryResultByToken(token: string): unknown;
  addOnTransitionHandler(handler: () => void): () => void;
  subscribeToConnectionState(
    handler: (state: { isWebSocketConnected: boolean }) => void,
  ): () => void;
}

/**
 * How often to ask again for what changes with time alone, such as the backlog: sessions that fall due
 * change no document, so no query sends them.
 */
export const ASK_AGAIN_MS = 30_000;

export class LiveClient {
  readonly #client: ConvexClient;
  readonly #sync: AdminSyncClient;
  readonly #componentPath: string;
  readonly #readers = new Set<() => void>();
  readonly #onFailure: (error: CliError) => void;

  /** @param onFailure called where the deployment answered a query with an error */
  constructor(
    { target, client }: Connection,
    onFailure: (error: CliError) => void,
  ) {
    this.#client = new ConvexClient(target.url, {
      skipConvexDeploymentUrlCheck: true,
      unsavedChangesWarning: false,
      logger: false,
    });
    const sync: object = this.#client.client;
    if (!isAdminClient(sync)) {
      throw new CliError(
        "failure",
        "This version of the convex package cannot subscribe with an admin key; sessions-ops was made for 1.48.",
      );
    }
    this.#sync = sync;
    this.#componentPath = client.component;
    this.#onFailure = (error) =>
      onFailure(
        new CliError(error.code, target.adminKey.redact(error.message)),
      );
    sync.setAdminAuth(target.adminKey.reveal());
    sync.addOnTransitionHandler(() => {
      for (const read of this.#readers) read();
    });
  }

  /**
   * Calls back with the result now and after each change, until the returned function is called.
   */
  subscribe<Name extends QueryName>(
    name: Name,
    args: Args<Name>,
    onResult: (result: Returns<Name>) => void,
  ): () => void {
    const { queryToken, unsubscribe } = this.#sync.subscribe(name, args, {
      componentPath: this.#componentPath,
    });
    let last: unknown;
    const read = (): void => {
      let result: unknown;
      try {
        result = this.#sync.localQueryResultByToken(queryToken);
      } catch (error) {
        const message = `${name} failed: ${messageOf(error)}`;
        return this.#onFailure(new CliError("failure", message));
      }
      if (result === undefined || result === last) return;
      last = result;
      onResult(result as Returns<Name>);
    };
    this.#readers.add(read);
    return () => {
      this.#readers.delete(read);
      unsubscribe();
    };
  }

  /** Calls back when the connection is lost and when it is back. */
  onConnection(handler: (isConnected: boolean) => void): void {
    let was = true;
    this.#sync.subscribeToConnectionState(({ isWebSocketConnected }) => {
      if (isWebSocketConnected !== was) handler(isWebSocketConnected);
      was = isWebSocketConnected;
    });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

function isAdminClient(client: object): client is AdminSyncClient {
  return (
    "setAdminAuth" in client &&
    "subscribe" in client &&
    "localQueryResultByToken" in client &&
    "addOnTransitionHandler" in client &&
    "subscribeToConnectionState" in client
  );
}
