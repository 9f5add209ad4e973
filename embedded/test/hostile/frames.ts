/** The request for a WebSocket. */
export const HANDSHAKE =
  "GET /api/1.48.0/sync HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** One WebSocket frame, correct unless options say otherwise. */
export function frame(
  opcode: number,
  payload: Buffer,
  {
    fin = true,
    mask = true,
    bits = 0,
  }: { fin?: boolean; mask?: boolean; bits?: number } = {},
): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extended + (mask ? 4 : 0));
  head[0] = (fin ? 0x80 : 0) | bits | opcode;
  head[1] =
    (mask ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) head.writeUInt16BE(length, 2);
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2);
  // A mask of zeros is a mask, and leaves the payload as it is.
  return Buffer.concat([head, payload]);
}

/** The head of a text frame whose payload never comes. */
export function declared(length: bigint): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x81;
  head[1] = 0xff;
  head.writeBigUInt64BE(length, 2);
  return head;
}

/** The code of a connection that ended without one. */
export const NOT_CLOSED = 1006;

/** The code with which a server ended its frames. */
export function closeOf(frames: Buffer): { code: number } {
  let at = 0;
  while (at + 2 <= frames.length) {
    const short = frames[at + 1]! & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const length =
      extended === 0
        ? short
        : extended === 2
          ? frames.readUInt16BE(at + 2)
          : Number(frames.readBigUInt64BE(at + 2));
    const start = at + 2 + extended;
    if ((frames[at]! & 0x0f) === 8) {
      if (frames.length < start + length) break;
      return { code: length < 2 ? 1005 : frames.readUInt16BE(start) };
    }
    at = start + length;
  }
  return { code: NOT_CLOSED };
}
