import type { JSONValue } from "convex/values";
import type { AdminKey } from "../adminKey.js";
import { isJsonObject } from "../body.js";
import { encodeTs } from "../snapshotPins.js";
import {
  parseClientMessage,
  type ClientMessage,
  type QuerySetModification,
  type ServerMessage,
  type StateModification,
  type StateVersion,
} from "./messages.js";
import { findSystemQuery, type SystemQueryServices } from "./systemQueries.js";

/** What a session reads of the deployment. */
export interface SyncServices extends SystemQueryServices {
  readonly adminKey: AdminKey;
  readonly database: { readonly durableTs: bigint };
}

/** The connection under a session. */
export interface SyncConnection {
  send(message: ServerMessage): void;
  close(): void;
}

const NOT_LIVE =
  "The embedded deployment does not serve live queries over WebSocket yet. Use ConvexHttpClient.";

/**
 * One client of the sync protocol, which so far serves the CLI: it answers
 * system queries to the holder of the admin key, once each, and says by name
 * what it does not do.
 */
export class SyncSession {
  readonly #services: SyncServices;
  readonly #connection: SyncConnection;
  #isAdmin = false;
  #version: StateVersion = { querySet: 0, identity: 0, ts: encodeTs(0n) };

  constructor(services: SyncServices, connection: SyncConnection) {
    this.#services = services;
    this.#connection = connection;
  }

  /** Takes one message of the client, in the order they arrive. */
  receive(text: string): void {
    const message = parseClientMessage(text);
    if (message === undefined) {
      this.#fail("The message is not one of the sync protocol.");
      return;
    }
    switch (message.type) {
      case "Connect":
      case "Event":
        return;
      case "Authenticate":
        return this.#authenticate(message);
      case "ModifyQuerySet":
        return this.#modifyQuerySet(message);
      case "Mutation":
      case "Action":
        return this.#connection.send({
          type: `${message.type}Response`,
          requestId: message.requestId,
          success: false,
          result: NOT_LIVE,
          logLines: [],
        });
      default:
        message satisfies never;
    }
  }

  #authenticate(
    message: Extract<ClientMessage, { type: "Authenticate" }>,
  ): void {
    const identity = this.#version.identity;
    if (message.baseVersion !== identity) {
      this.#fail(
        `Authenticate is based on identity ${message.baseVersion}, but the session is at ${identity}.`,
      );
      return;
    }
    const error = this.#authError(message);
    if (error !== undefined) {
      this.#connection.send({
        type: "AuthError",
        error,
        baseVersion: identity,
        authUpdateAttempted: true,
      });
      this.#connection.close();
      return;
    }
    this.#isAdmin = message.tokenType === "Admin";
    this.#advance({ identity: identity + 1 }, []);
  }

  #authError(
    message: Extract<ClientMessage, { type: "Authenticate" }>,
  ): string | undefined {
    switch (message.tokenType) {
      case "None":
        return undefined;
      case "User":
        return "The embedded deployment does not verify user tokens.";
      case "Admin":
        return this.#services.adminKey.matches(message.value ?? "")
          ? undefined
          : "The admin key is not the one of this deployment.";
      default:
        return message.tokenType satisfies never;
    }
  }

  #modifyQuerySet(
    message: Extract<ClientMessage, { type: "ModifyQuerySet" }>,
  ): void {
    if (message.baseVersion !== this.#version.querySet) {
      this.#fail(
        `ModifyQuerySet is based on ${message.baseVersion}, but the session is at ${this.#version.querySet}.`,
      );
      return;
    }
    this.#advance(
      { querySet: message.newVersion },
      message.modifications.map((modification) => this.#apply(modification)),
    );
  }

  #apply(modification: QuerySetModification): StateModification {
    const { queryId } = modification;
    if (modification.type === "Remove") {
      return { type: "QueryRemoved", queryId };
    }
    const { udfPath, args, componentPath } = modification;
    const query = findSystemQuery(udfPath);
    if (query === undefined || !this.#isAdmin) {
      return {
        type: "QueryFailed",
        queryId,
        errorMessage: udfPath.startsWith("_system/")
          ? this.#systemQueryRefusal(udfPath)
          : NOT_LIVE,
        logLines: [],
        journal: null,
      };
    }
    return {
      type: "QueryUpdated",
      queryId,
      value: query(this.#services, argumentsObject(args), componentPath ?? ""),
      logLines: [],
      journal: null,
    };
  }

  #systemQueryRefusal(udfPath: string): string {
    return this.#isAdmin
      ? `The embedded deployment has no system query "${udfPath}".`
      : "System queries need the admin key.";
  }

  #advance(
    change: Partial<StateVersion>,
    modifications: StateModification[],
  ): void {
    const startVersion = this.#version;
    this.#version = {
      ...startVersion,
      ...change,
      ts: encodeTs(this.#services.database.durableTs),
    };
    this.#connection.send({
      type: "Transition",
      startVersion,
      endVersion: this.#version,
      modifications,
    });
  }

  #fail(error: string): void {
    this.#connection.send({ type: "FatalError", error });
    this.#connection.close();
  }
}

function argumentsObject(
  args: readonly JSONValue[],
): Readonly<Record<string, JSONValue>> {
  const first: unknown = args[0];
  return isJsonObject(first) ? (first as Record<string, JSONValue>) : {};
}
