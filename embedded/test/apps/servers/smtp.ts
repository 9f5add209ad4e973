import net from "node:net";
import { createInterface } from "node:readline";
import { listening, type LocalServer } from "./local.js";

/** Takes letters by SMTP. @param letters - gets the text of each */
export function startSmtp(letters: string[]): Promise<LocalServer> {
  return listening(
    net.createServer((socket) => {
      const say = (line: string) => socket.write(`${line}\r\n`);
      let letter: string[] | undefined;
      createInterface({ input: socket }).on("line", (line) => {
        if (letter !== undefined && line !== ".") return void letter.push(line);
        if (letter !== undefined) {
          letters.push(letter.join("\n"));
          letter = undefined;
          return say("250 taken");
        }
        switch (line.slice(0, 4).toUpperCase()) {
          case "DATA":
            letter = [];
            return say("354 go on");
          case "QUIT":
            say("221 bye");
            return socket.end();
          case "EHLO":
          case "MAIL":
          case "RCPT":
            return say("250 ok");
          default:
            return say("502 not known");
        }
      });
      say("220 test");
    }),
  );
}
