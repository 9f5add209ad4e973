import { fstatSync, writeSync } from "node:fs";
import { Writable } from "node:stream";

type ProcessOutput = typeof process.stdout | typeof process.stderr;

/**
 * A stream that writes all or fails. A file system that runs full takes the first part of a write.
 * Node's own stream to a file drops the rest without a word; this one goes on, and so meets the error.
 */
export function wholly(stream: ProcessOutput): ProcessOutput | Writable {
  if (!isFile(stream.fd)) return stream;
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      try {
        for (let at = 0; at < chunk.length;) {
          at += writeSync(stream.fd, chunk, at);
        }
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

/**
 * Whether the descriptor is a file; `false` for a stream that was closed before the process began. Asked with `bigint`,
 * as Node 20 keeps the other answer for its next `realpathSync`: after that of a pipe it follows no links of packages,
 * so that what pnpm has linked does not find what it depends on.
 */
function isFile(fd: number): boolean {
  try {
    return fstatSync(fd, { bigint: true }).isFile();
  } catch {
    return false;
  }
}
