import type { JSONValue } from "convex/values";
import { isJsonObject } from "../body.js";

/** What a client may say, as far as this deployment understands it. */
export type ClientMessage =
  | { type: "Connect" }
  | { type: "Event" }
  | {
      type: "Authenticate";
      tokenType: "Admin" | "User" | "None";
      value?: string;
      baseVersion: number;
    }
  | {
      type: "ModifyQuerySet";
      baseVersion: number;
      newVersion: number;
      modifications: readonly QuerySetModification[];
    }
  | { type: "Mutation" | "Action"; requestId: number };

export type QuerySetModification =
  | {
      type: "Add";
      queryId: number;
      udfPath: string;
      args: readonly JSONValue[];
      componentPath?: string;
    }
  | { type: "Remove"; queryId: number };

/** Where a client's view stands; `ts` is base64 of a u64 in little endian. */
export interface StateVersion {
  querySet: number;
  identity: number;
  ts: string;
}

export type StateModification =
  | {
      type: "QueryUpdated";
      queryId: number;
      value: JSONValue;
      logLines: string[];
      journal: null;
    }
  | {
      type: "QueryFailed";
      queryId: number;
      errorMessage: string;
      logLines: string[];
      journal: null;
    }
  | { type: "QueryRemoved"; queryId: number };

export type ServerMessage =
  | {
      type: "Transition";
      startVersion: StateVersion;
      endVersion: StateVersion;
      modifications: StateModification[];
    }
  | {
      type: "MutationResponse" | "ActionResponse";
      requestId: number;
      success: false;
      result: string;
      logLines: string[];
    }
  | {
      type: "AuthError";
      error: string;
      baseVersion: number;
      authUpdateAttempted: boolean;
    }
  | { type: "FatalError"; error: string };

/** Reads one message; undefined when it is none of the protocol's. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isJsonObject(value) && isWellFormed(value)
    ? (value as unknown as ClientMessage)
    : undefined;
}

function isWellFormed(message: Record<string, unknown>): boolean {
  switch (message["type"]) {
    case "Connect":
    case "Event":
      return true;
    case "Authenticate":
      return (
        isVersion(message["baseVersion"]) &&
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
      return isVersion(message["requestId"]);
    default:
      return false;
  }
}

function isModification(value: unknown): boolean {
  if (!isJsonObject(value) || !isVersion(value["queryId"])) return false;
  const { type, udfPath, args, componentPath } = value;
  if (type === "Remove") return true;
  return (
    type === "Add" &&
    typeof udfPath === "string" &&
    Array.isArray(args) &&
    (componentPath === undefined || typeof componentPath === "string")
  );
}

function isVersion(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}
