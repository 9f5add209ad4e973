import { percentile } from "../load.js";
import { atMost, exactly, format, toldOnly, type Bound } from "./bounds.js";
import type { RunCost } from "./runs.js";
import type { Plan } from "./seed.js";
import { VISITORS, type UnderLoad } from "./underLoad.js";

/** What a purge cost at each of three sizes. */
export type Sizes = [Size, Size, Size];

interface Size {
  sessions: number;
  purge: RunCost;
}

/** The bounds of the bench, each with what was measured. */
export function boundsOf(
  plan: Plan,
  underLoad: UnderLoad,
  sizes: Sizes,
): Bound[] {
  return [
    ...ofHeartbeats(underLoad),
    ...ofSessions(plan, underLoad),
    ...ofMemory(underLoad),
    ...ofCosts(sizes),
    conflictsOf(underLoad),
  ];
}

function ofHeartbeats(underLoad: UnderLoad): Bound[] {
  const { alone, loaded, cores, heldUpMs } = underLoad;
  const p99Alone = percentile(alone.heartbeats, 0.99);
  const p99 = percentile(loaded.heartbeats, 0.99);
  return [
    toldOnly(
      "heartbeat alone, p50",
      `${format(percentile(alone.heartbeats, 0.5))} ms`,
    ),
    toldOnly("heartbeat alone, p99", `${format(p99Alone)} ms`),
    toldOnly(
      "heartbeat under load, p50",
      `${format(percentile(loaded.heartbeats, 0.5))} ms`,
    ),
    atMost("heartbeat under load, p99", p99, 60, "ms"),
    atMost("p99 under load, of that alone", p99 / p99Alone, 3, "times"),
    toldOnly(
      "action under load, p99",
      `${format(percentile(loaded.actions, 0.99))} ms`,
    ),
    toldOnly(
      "the deployment's thread was held",
      `p99 ${format(heldUpMs.p99)} ms, at most ${format(heldUpMs.max)} ms`,
    ),
    toldOnly("the deployment's processor time", `${format(cores)} cores`),
    toldOnly(
      "sent late by the visitors' own process, at most",
      `${format(loaded.lateMs)} ms`,
    ),
  ];
}

function ofSessions(plan: Plan, underLoad: UnderLoad): Bound[] {
  const { all, counters, exported, watched } = underLoad;
  const sum = (name: "failed" | "lost") =>
    all.reduce((total, report) => total + report[name], 0);
  const total = plan.sessions - plan.purgeable + VISITORS;
  const rightlyShown = watched.shown.filter(
    (shown) => JSON.stringify(shown) === JSON.stringify(counters),
  ).length;
  return [
    exactly("calls of live visitors not answered with ok", sum("failed"), 0),
    exactly("live sessions lost, by the answers", sum("lost"), 0),
    exactly("live sessions afterwards, by an export", exported.live, VISITORS),
    exactly("sessions that the expire run took", underLoad.expired, plan.idle),
    exactly("sessions by the counters", counters.total, total),
    exactly("sessions by an export", exported.sessions, total),
    exactly("active by the counters", counters.active, VISITORS),
    exactly("expired by the counters", counters.expired, total - VISITORS),
    exactly(
      "actions by an export",
      exported.actions,
      underLoad.actionsExpected,
    ),
    exactly(
      "watchers of status that were shown these counts",
      rightlyShown,
      watched.shown.length,
    ),
  ];
}

/** The least time for which a rise of memory says anything. */
const MIN_SAMPLES = 40;

function ofMemory({ memory, maxOwnBytes }: UnderLoad): Bound[] {
  const quarter = Math.max(1, Math.floor(memory.length / 4));
  const first = median(memory.slice(0, quarter));
  const last = median(memory.slice(-quarter));
  const rise = last / first;
  return [
    memory.length < MIN_SAMPLES
      ? toldOnly(
          "memory in the last quarter, of the first",
          `${format(rise)} times (too short to say)`,
        )
      : atMost("memory in the last quarter, of the first", rise, 1.25, "times"),
    atMost("most memory of the process", maxOwnBytes / 1e6, 350, "MB"),
  ];
}

function ofCosts(sizes: Sizes): Bound[] {
  const costs = sizes.map(({ sessions, purge }) => ({
    sessions,
    read: purge.documentsRead / purge.sessions,
    written: purge.documentsWritten / purge.sessions,
    calls: (purge.calls * 10_000) / purge.sessions,
  }));
  const spread = (values: number[]) =>
    Math.max(...values) / Math.min(...values);
  return [
    ...costs.map(({ sessions, read, written, calls }) =>
      toldOnly(
        `a purged session of ${format(sessions)}`,
        `${read.toFixed(3)} read, ${written.toFixed(3)} written; ${format(calls)} calls for 10,000`,
      ),
    ),
    atMost(
      "documents read, most of least",
      spread(costs.map(({ read }) => read)),
      1.1,
      "times",
    ),
    atMost(
      "documents written, most of least",
      spread(costs.map(({ written }) => written)),
      1.1,
      "times",
    ),
  ];
}

function conflictsOf({ conflicts, commits }: UnderLoad): Bound {
  const what = "conflicts, for each 1,000 commits";
  if (conflicts === null) return toldOnly(what, "not counted");
  const count = conflicts.reduce((sum, row) => sum + row.count, 0);
  return toldOnly(what, format((count * 1_000) / commits));
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
