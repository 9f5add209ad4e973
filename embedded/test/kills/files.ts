import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { filesIn } from "../support/files/folder.js";

/** SHA-256 of all settled files of a data directory, sorted; an unsettled one has its name. */
export function filesOnDisk(dataDir: string): string[] {
  return filesIn(dataDir)
    .map((file) => {
      if (isUnsettled(file)) return `unsettled ${file}`;
      return sha256(readFileSync(path.join(dataDir, "files", file)));
    })
    .sort();
}

/** Number of files that were on their way in. */
export function unsettledIn(dataDir: string): number {
  return filesIn(dataDir).filter(isUnsettled).length;
}

const isUnsettled = (file: string) => file.startsWith("unsettled");

/** A body that takes its time, so that kills find it under way. */
export function slowly(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let position = 0;
  return new ReadableStream({
    async pull(controller) {
      if (position >= bytes.length) return controller.close();
      await new Promise((resolve) => setTimeout(resolve, 2));
      controller.enqueue(bytes.subarray(position, position + 65_536));
      position += 65_536;
    },
  });
}

/** Whether a call failed because nobody was there any more. */
export function isCutOff(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    ["fetch failed", "terminated"].includes(error.message)
  );
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64");
}
