import { setTimeout as wait } from "node:timers/promises";
import { report, type Figure } from "../report.js";
import { Crowd, type SubscribersReport } from "../scale/crowd.js";
import { keyOf, storeDocuments } from "../servers/documents.js";

const READERS = 30;
/** Two results of 4 MiB for each reader. */
const QUERIES = 2;
const RESULT_BYTES = 4 * 1024 * 1024;
const WRITES = 10;
const WRITE_EVERY_MS = 300;

/**
 * Readers who ask for megabytes and read nothing, while what they ask for changes: the most memory of the process, where
 * all ask the same, and where each asks something of its own.
 */
export async function benchSlowReaders(): Promise<Figure[]> {
  const idle = await mostMemory(0, false);
  const same = await mostMemory(READERS, false);
  const own = await mostMemory(READERS, true);
  const what = `${READERS} readers that read nothing, of ${QUERIES} × 4 MiB`;
  const beside = { name: "without readers", value: idle / 1e6 };
  const bound = { atMost: 300 };
  return [
    report(
      `own memory, ${what} that all share`,
      same / 1e6,
      "MB",
      bound,
      beside,
    ),
    report(`own memory, ${what} each`, own / 1e6, "MB", bound, beside),
  ];
}

async function mostMemory(readers: number, isOwn: boolean): Promise<number> {
  const { deployment, ids } = await storeDocuments(1);
  const { url, adminKey } = deployment;
  try {
    const watching = await Crowd.start<SubscribersReport>(
      "subscribersProcess.mjs",
      {
        ...{ url, adminKey, sockets: readers, reads: false },
        queries: Array.from({ length: QUERIES }, (_, n) => ({
          path: "documents:readBeside",
          args: { key: keyOf(0), bytes: RESULT_BYTES, n },
          isOwn,
        })),
      },
    );
    for (let value = 1; value <= WRITES; value += 1) {
      await wait(WRITE_EVERY_MS);
      await deployment.post("/api/mutation", {
        path: "documents:write",
        args: [{ id: ids[0], value }],
      });
    }
    await wait(WRITE_EVERY_MS);
    const { maxOwnBytes } = await deployment.stats();
    await watching.end();
    return maxOwnBytes;
  } finally {
    await deployment.stop();
  }
}
