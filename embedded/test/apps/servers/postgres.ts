import net from "node:net";
import { listening, type LocalServer } from "./local.js";

const SSL_REQUEST = 80_877_103;

/** PostgreSQL that answers every query with one row of its first parameter. */
export function startPostgres(): Promise<LocalServer> {
  return listening(
    net.createServer((socket) => {
      let unread: Buffer = Buffer.alloc(0);
      let hasBegun = false;
      let said: Buffer = Buffer.alloc(0);
      socket.on("data", (chunk) => {
        unread = Buffer.concat([unread, chunk]);
        for (;;) {
          const start = hasBegun ? 1 : 0;
          if (unread.length < start + 4) return;
          const end = start + unread.readUInt32BE(start);
          if (unread.length < end) return;
          const type = hasBegun ? String.fromCharCode(unread[0]!) : "begin";
          const body = unread.subarray(start + 4, end);
          unread = unread.subarray(end);
          switch (type) {
            case "begin":
              if (body.readUInt32BE(0) === SSL_REQUEST) {
                socket.write("N");
                break;
              }
              hasBegun = true;
              socket.write(
                Buffer.concat([message("R", int32(0)), readyForQuery]),
              );
              break;
            case "B":
              said = firstParameter(body);
              break;
            case "S":
              socket.write(Buffer.concat([...row(said), readyForQuery]));
              break;
            case "X":
              socket.end();
          }
        }
      });
    }),
  );
}

function message(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

const readyForQuery = message("Z", Buffer.from("I"));

/** What follows a parse, bind, describe and execute. */
function row(value: Buffer): Buffer[] {
  const textType = Buffer.concat([
    int32(0),
    int16(0),
    int32(25),
    int16(-1),
    int32(-1),
    int16(0),
  ]);
  return [
    message("1"),
    message("2"),
    message("T", int16(1), Buffer.from("said\0"), textType),
    message("D", int16(1), int32(value.length), value),
    message("C", Buffer.from("SELECT 1\0")),
  ];
}

/** Of a bind: names of portal and statement, formats, number of parameters, each with its length. */
function firstParameter(body: Buffer): Buffer {
  let at = body.indexOf(0) + 1;
  at = body.indexOf(0, at) + 1;
  at += 2 + 2 * body.readInt16BE(at) + 2;
  const length = body.readInt32BE(at);
  return body.subarray(at + 4, at + 4 + length);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
