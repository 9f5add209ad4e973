import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { HttpError, errorResponse } from "./http.js";

/** Answers on a socket that the HTTP server no longer looks after, and closes it. */
export function refuseSocket(
  socket: Duplex,
  status: number,
  wireCode: string,
  message: string,
): void {
  const { body } = errorResponse(new HttpError(status, wireCode, message));
  const text = body as string;
  socket.on("error", () => socket.destroy());
  // The client may go on sending, and would never see its refusal after a reset.
  socket.resume();
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}

/** Answers an upgrade request with a plain HTTP refusal and closes it. */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  message: string,
): void {
  refuseSocket(socket, status, "WebSocketRefused", message);
}

/** Answers a request that is no HTTP, or comes too slowly. */
export function refuseBrokenRequest(
  error: NodeJS.ErrnoException,
  socket: Duplex,
): void {
  if (!socket.writable || hasBegunToAnswer(socket)) {
    socket.destroy();
    return;
  }
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return refuseSocket(
        socket,
        431,
        "HeadersTooLarge",
        "The headers of the request are too large.",
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refuseSocket(
        socket,
        408,
        "RequestTimeout",
        "The request did not come to its end in time.",
      );
    default:
      return refuseSocket(
        socket,
        400,
        "BadHttp",
        `This is not a request in HTTP/1.1: ${error.message}.`,
      );
  }
}

/**
 * Whether an answer is under way on the socket. Node keeps that answer in `_httpMessage` and asks
 * the same way.
 */
function hasBegunToAnswer(socket: Duplex): boolean {
  const { _httpMessage: answer } = socket as Duplex & {
    _httpMessage?: ServerResponse | null;
  };
  return answer?.headersSent === true;
}
