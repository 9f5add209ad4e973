import { connect } from "node:net";
import type { Random } from "../support/random.js";

/** The deployment that is attacked. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
}

/** One misdeed of a hostile client. */
export interface Attack {
  /** Description of the misdeed. */
  readonly name: string;
  /** Performs the attack; rejects when the deployment did not say clearly what it refuses. */
  run(target: Target): Promise<void>;
}

const HANG_MS = 15_000;

export interface ExchangeOptions {
  /** Whether to end the sending side, which the deployment can tell. */
  halfClose?: boolean;
  /** Whether enough has come to end the connection. @default the deployment has to end it */
  isEnough?: (received: Buffer) => boolean;
}

/** Sends bytes as they are, and reads until the connection ends. */
export function exchange(
  target: Target,
  sent: Iterable<string | Buffer>,
  { halfClose = false, isEnough }: ExchangeOptions = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect({
      host: target.hostname,
      port: target.port,
      allowHalfOpen: true,
    });
    const hang = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(`no end within ${HANG_MS} ms; ${describe(received) || "-"}`),
      );
    }, HANG_MS);
    socket.on("connect", () => {
      for (const bytes of sent) socket.write(bytes);
      if (halfClose) socket.end();
    });
    socket.on("data", (data) => {
      received.push(data);
      if (isEnough?.(Buffer.concat(received)) === true) socket.destroy();
    });
    socket.on("end", () => socket.end());
    // A reset ends the connection as well; the bytes before it count.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(hang);
      resolve(Buffer.concat(received));
    });
  });
}

function describe(received: readonly Buffer[]): string {
  return Buffer.concat(received).subarray(0, 500).toString("latin1");
}

/** JSON text of arrays in arrays. */
export function nestedText(levels: number): string {
  return "[".repeat(levels) + "]".repeat(levels);
}

/** Texts that have broken parsers, caches or logs somewhere. */
export function oddText(random: Random): string {
  return random.pick([
    "",
    " ",
    "\0",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "../../etc/passwd",
    "..",
    "/",
    "a".repeat(5_000),
    "\u{1f600}",
    "\ud800",
    "\r\nset-cookie: a=b",
    "${1+1}",
    "NaN",
    "-1",
    "1e400",
    ":".repeat(100_000),
  ]);
}

/** Text that is not base64, or base64 of the wrong length. */
export function badBase64(random: Random): string {
  return random.pick(["!", "AAAA", "AA", "=", "AAAAAAAAAAA", "A A=", "-_-_"]);
}
