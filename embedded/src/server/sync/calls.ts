import type { UdfRequest } from "../../functions/types.js";
import { EmbeddedError } from "../../errors.js";
import { isFatal } from "../../functions/failure.js";
import type { Caller } from "../auth/auth.js";
import { parseFunctionCall, toUdfRequest } from "../functionRequest.js";
import type { FunctionAddress } from "./messages.js";

/** The user on a socket, where the socket comes from, and the headers with which it was opened. */
export interface Speaker {
  readonly caller: Caller;
  readonly ip: string | null;
  header(name: string): string | undefined;
}

/** The runtime's form of a call, or the reason why it cannot be made. */
export function toRequest(
  { udfPath, args, componentPath }: FunctionAddress,
  speaker: Speaker,
): UdfRequest | { refusal: string } {
  try {
    const call = parseFunctionCall({ path: udfPath, args, componentPath });
    // Not left to the runtime, as results of live queries are shared by their arguments.
    if (call.invalidArgs !== undefined) {
      const refusal = `Invalid arguments for ${call.path}: ${call.invalidArgs}`;
      return { refusal };
    }
    return toUdfRequest(call, speaker.caller, speaker);
  } catch (error) {
    return { refusal: refusalOf(error) };
  }
}

/** The text of an error that is the client's fault; throws any other again. */
export function refusalOf(error: unknown): string {
  if (error instanceof EmbeddedError && !isFatal(error)) return error.message;
  throw error;
}
