import net from "node:net";
import { createInterface } from "node:readline";
import { listening, type LocalServer } from "./local.js";

/** Redis of SET and GET. */
export function startRedis(): Promise<LocalServer> {
  const values = new Map<string, string>();
  return listening(
    net.createServer((socket) => {
      const bulk = (text: string) => `$${text.length}\r\n${text}`;
      const answerTo = ([name = "", key = "", value = ""]: string[]) => {
        switch (name.toUpperCase()) {
          case "HELLO":
            return "%1\r\n$5\r\nproto\r\n:3";
          case "INFO":
            return bulk("redis_version:7.0.0\r\nloading:0");
          case "SET":
            values.set(key, value);
            return "+OK";
          case "GET":
            return values.has(key) ? bulk(values.get(key)!) : "$-1";
          case "CLIENT":
            return "+OK";
          default:
            return "-ERR unknown command";
        }
      };
      // A command is its number of words, then each with its length in a line before it.
      let words: string[] = [];
      let wanted = 0;
      let isLength = false;
      createInterface({ input: socket }).on("line", (line) => {
        if (wanted === 0) {
          wanted = Number(line.slice(1));
          isLength = true;
          return;
        }
        if (!isLength) words.push(line);
        isLength = !isLength;
        if (words.length < wanted) return;
        socket.write(`${answerTo(words)}\r\n`);
        words = [];
        wanted = 0;
      });
    }),
  );
}
