import type { Figure } from "../report.js";
import { benchLatency } from "./latency.js";
import { benchSlowReaders } from "./slowReaders.js";
import { benchSubscribers } from "./subscribers.js";
import { benchWideWrite } from "./wideWrite.js";

/** Live queries: how soon they show a change, and what they leave to others. */
export async function benchLive(): Promise<Figure[]> {
  return [
    ...(await benchLatency()),
    ...(await benchSubscribers()),
    ...(await benchWideWrite()),
    ...(await benchSlowReaders()),
  ];
}
