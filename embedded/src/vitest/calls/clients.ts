import { WebSocket } from "ws";

/** What a client is made with. */
export interface ClientOptions {
  /** One that Node 20 and environments such as jsdom have, too. */
  readonly webSocketConstructor: typeof globalThis.WebSocket;
  /** Nothing is logged. */
  readonly logger: false;
  /** Nobody is asked before a page is left. */
  readonly unsavedChangesWarning: false;
  /** The address is not one of Convex Cloud. */
  readonly skipConvexDeploymentUrlCheck: true;
}

/** A class of clients, such as `ConvexReactClient`. */
export type ClientClass<Client> = new (
  url: string,
  options: ClientOptions,
) => Client;

const OPTIONS: ClientOptions = {
  // Node 20 has none of its own, and an environment such as jsdom another.
  webSocketConstructor: WebSocket as unknown as typeof globalThis.WebSocket,
  logger: false,
  unsavedChangesWarning: false,
  skipConvexDeploymentUrlCheck: true,
};

/** A client that stays connected asks for tokens; one over HTTP is given one. */
interface Connected {
  close(): Promise<void> | void;
  setAuth(fetchToken: () => Promise<string>): void;
}
interface OverHttp {
  setAuth(token: string): void;
}

/** The deployment that clients connect to. */
export interface Connectable {
  readonly url: string;
  /** Closes a client at the end. */
  closeAtEnd(close: () => Promise<void> | void): void;
}

/** Makes a client of the deployment, signed in if it has a token. */
export function connect(
  ofClass: ClientClass<object>,
  called: Connectable,
  token: (() => string) | undefined,
): object {
  const client = new ofClass(called.url, OPTIONS);
  if (isConnected(client)) {
    called.closeAtEnd(() => client.close());
    if (token !== undefined) client.setAuth(() => Promise.resolve(token()));
  } else if (token !== undefined) {
    (client as OverHttp).setAuth(token());
  }
  return client;
}

function isConnected(client: object): client is Connected {
  return "close" in client && typeof client.close === "function";
}
