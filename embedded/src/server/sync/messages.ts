import type { JSONValue } from "convex/values";
import { isJsonObject } from "../http/body.js";
import { CALL_BOUNDS, parseJson } from "../http/json.js";

/** Messages of a client. Arguments are checked where they are used. */
export type ClientMessage =
  | ConnectMessage
  | AuthenticateMessage
  | ModifyMessage
  | CallMessage
  | { type: "Event" };

export interface ConnectMessage {
  type: "Connect";
  sessionId: string;
  /** The latest `ts` the client has seen; base64 of a u64 in little endian. */
  maxObservedTimestamp?: string;
}

export interface AuthenticateMessage {
  type: "Authenticate";
  tokenType: "Admin" | "User" | "None";
  value?: string;
  baseVersion: number;
  /** With the admin key: the user to be treated as. */
  impersonating?: Record<string, unknown>;
}

export interface ModifyMessage {
  type: "ModifyQuerySet";
  baseVersion: number;
  newVersion: number;
  modifications: readonly QuerySetModification[];
}

export interface CallMessage extends FunctionAddress {
  type: "Mutation" | "Action";
  requestId: number;
}

export interface AddQuery extends FunctionAddress {
  type: "Add";
  queryId: number;
  journal?: string | null;
}

export type QuerySetModification =
  AddQuery | { type: "Remove"; queryId: number };

/** The function that a message names. */
export interface FunctionAddress {
  udfPath: string;
  args: readonly unknown[];
  componentPath?: string;
}

/** Version of a client's view; `ts` is base64 of a u64 in little endian. */
export interface StateVersion {
  querySet: number;
  identity: number;
  ts: string;
}

/** The outcome of a query. */
export type QueryResult =
  | {
      type: "QueryUpdated";
      value: JSONValue;
      logLines: string[];
      journal: string | null;
    }
  | {
      type: "QueryFailed";
      errorMessage: string;
      errorData?: JSONValue;
      logLines: string[];
      journal: string | null;
    };

export type StateModification =
  | (QueryResult & { queryId: number })
  | { type: "QueryRemoved"; queryId: number };

export type ServerMessage =
  | {
      type: "Transition";
      startVersion: StateVersion;
      endVersion: StateVersion;
      modifications: StateModification[];
    }
  | MutationResponse
  | ActionResponse
  | {
      type: "AuthError";
      error: string;
      baseVersion: number;
      authUpdateAttempted: boolean;
    }
  | { type: "FatalError"; error: string }
  | { type: "Ping" };

export type MutationResponse =
  | {
      type: "MutationResponse";
      requestId: number;
      success: true;
      result: JSONValue;
      ts: string;
      logLines: string[];
    }
  | ({ type: "MutationResponse"; requestId: number } & FailedCall);

export type ActionResponse =
  | {
      type: "ActionResponse";
      requestId: number;
      success: true;
      result: JSONValue;
      logLines: string[];
    }
  | ({ type: "ActionResponse"; requestId: number } & FailedCall);

interface FailedCall {
  success: false;
  result: string;
  errorData?: JSONValue;
  logLines: string[];
}

/** Parses one message; undefined when it is none of the protocol's. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  let value: unknown;
  try {
    value = parseJson(text, CALL_BOUNDS);
  } catch {
    return undefined;
  }
  return isJsonObject(value) && isWellFormed(value)
    ? (value as unknown as ClientMessage)
    : undefined;
}

function isWellFormed(message: Record<string, unknown>): boolean {
  switch (message["type"]) {
    case "Event":
      return true;
    case "Connect":
      return (
        typeof message["sessionId"] === "string" &&
        SESSION_ID.test(message["sessionId"]) &&
        isAbsentOr(isTimestamp, message["maxObservedTimestamp"])
      );
    case "Authenticate":
      return (
        isVersion(message["baseVersion"]) &&
        isAbsentOr(isJsonObject, message["impersonating"]) &&
        (message["tokenType"] === "None" ||
          ((message["tokenType"] === "Admin" ||
            message["tokenType"] === "User") &&
            typeof message["value"] === "string"))
      );
    case "ModifyQuerySet":
      return (
        isVersion(message["baseVersion"]) &&
        isVersion(message["newVersion"]) &&
        Array.isArray(message["modifications"]) &&
        message["modifications"].every(isModification)
      );
    case "Mutation":
    case "Action":
      return isVersion(message["requestId"]) && isAddress(message);
    default:
      return false;
  }
}

/** A session's id: clients send a UUID. It becomes part of a key, so its length is bounded. */
const SESSION_ID = /^[0-9A-Za-z_-]{1,64}$/;

function isModification(value: unknown): boolean {
  if (!isJsonObject(value) || !isVersion(value["queryId"])) return false;
  switch (value["type"]) {
    case "Remove":
      return true;
    case "Add":
      return isAddress(value) && isAbsentOr(isText, value["journal"]);
    default:
      return false;
  }
}

function isAddress({ udfPath, args, componentPath }: Record<string, unknown>) {
  return (
    isText(udfPath) && Array.isArray(args) && isAbsentOr(isText, componentPath)
  );
}

/**
 * Whether a value is absent or passes `is`. JSON has no undefined: some clients write null for an
 * absent value.
 */
function isAbsentOr(is: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || value === null || is(value);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isTimestamp(value: unknown): boolean {
  return isText(value) && Buffer.from(value as string, "base64").length === 8;
}

function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
