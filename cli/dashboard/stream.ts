import type { ServerResponse } from "node:http";
import type { Feed } from "./feed.js";
import type { Topic } from "./shapes.js";

/**
 * The shortest time between two events. A purge changes the status with every page; nobody reads faster
 * than this.
 */
const COALESCE_MS = 100;

/**
 * Sends the feed as server-sent events, all topics first, then those that change. A page that reads
 * slowly gets the latest of each topic only, so nothing piles up for it.
 */
export function stream(response: ServerResponse, feed: Feed): void {
  const due = new Set<Topic>(feed.topics());
  let timer: NodeJS.Timeout | undefined;
  const send = (): void => {
    timer = undefined;
    for (const topic of due) {
      if (response.writableNeedDrain) return;
      due.delete(topic);
      response.write(`event: ${topic}\ndata: ${feed.latest(topic)}\n\n`);
    }
  };
  const unsubscribe = feed.subscribe((topic) => {
    due.add(topic);
    timer ??= setTimeout(send, COALESCE_MS);
  });
  response.on("drain", send);
  response.on("close", () => {
    clearTimeout(timer);
    unsubscribe();
  });
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  response.flushHeaders();
  send();
}
