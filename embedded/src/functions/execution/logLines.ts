const MAX_LINES = 256;
const MAX_LINE_BYTES = 32_768;
const TRUNCATED = " (truncated due to length)";

/** Console levels as `logLines` shows them. */
export type LogLevel = "DEBUG" | "ERROR" | "INFO" | "LOG" | "WARN";

/** Console output of one execution, in order, cut to Convex's limits. */
export class LogLines {
  readonly lines: string[] = [];
  #overflowed = false;

  write(level: LogLevel, text: string): void {
    this.#push(`[${level}] ${cutToBytes(text)}`);
  }

  /** Adds a line of the deployment's own, which no limit cuts. */
  warn(text: string): void {
    this.lines.push(`[WARN] ${text}`);
  }

  /**
   * Appends the lines of a nested call, after those that its caller had logged when the call
   * returned.
   */
  append(nested: LogLines): void {
    for (const line of nested.lines) {
      this.#push(line);
    }
  }

  #push(line: string): void {
    // The last line is that of the overflow.
    if (this.lines.length < MAX_LINES - 1) {
      this.lines.push(line);
    } else if (!this.#overflowed) {
      this.#overflowed = true;
      this.lines.push(
        `[ERROR] Log overflow (maximum ${MAX_LINES}). Remaining log lines omitted.`,
      );
    }
  }
}

/** A line's text, of whose bytes those beyond the limit are cut off, and no character in two. */
function cutToBytes(line: string): string {
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (
    line.length * 3 <= MAX_LINE_BYTES ||
    Buffer.byteLength(line) <= MAX_LINE_BYTES
  ) {
    return line;
  }
  const bytes = Buffer.from(line);
  let end = MAX_LINE_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) {
    end--;
  }
  return bytes.toString("utf8", 0, end) + TRUNCATED;
}
