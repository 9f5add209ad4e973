import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { linesOf } from "../../../cli/transfer/import/textLines.js";

async function collect(...chunks: string[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(read(chunks))) lines.push(line);
  return lines;
}

function read(chunks: Iterable<string>): Readable {
  const buffers = function* () {
    for (const chunk of chunks) yield Buffer.from(chunk, "latin1");
  };
  return Readable.from(buffers(), { objectMode: false });
}

test.each([
  ["nothing", [], []],
  ["a last line that is not ended", ["a\nb"], ["a", "b"]],
  ["empty lines", ["\n\na\n\n"], ["", "", "a", ""]],
  ["a line over several chunks", ["a", "b", "c\nd"], ["abc", "d"]],
  ["Windows", ["a\r", "\nb\r\n", "c\r"], ["a", "b", "c"]],
  // Chunks end in the middle of "é" and of U+2028.
  ["UTF-8", ["a\xc3", "\xa9\xe2\x80", "\xa8b\n"], ["aé\u2028b"]],
])("linesOf reads %s", async (_what, chunks, lines) => {
  expect(await collect(...chunks)).toEqual(lines);
});

test("linesOf reads no more than is asked for, and closes a stream left unread", async () => {
  let chunks = 0;
  const endless = function* () {
    for (;;) {
      chunks += 1;
      yield `${"x".repeat(64 * 1_024)}\n`;
    }
  };
  const text = read(endless());
  const lines = linesOf(text);
  for (let taken = 1; taken <= 10; taken += 1) {
    await lines.next();
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(chunks).toBeLessThan(taken + 4);
  }
  await lines.return(undefined);
  expect(text.destroyed).toBe(true);
});
