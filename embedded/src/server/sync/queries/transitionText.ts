import type { StateVersion } from "../messages.js";
import type { LiveResult } from "./queryRun.js";

/** A message in the order of its pieces; buffers may be part of other clients' messages, too. */
export type WireText = readonly (string | Buffer)[];

/** Writes a `Transition` whose results stay the bytes that all clients share. */
export function transitionText({
  startVersion,
  endVersion,
  removed,
  updates,
}: {
  startVersion: StateVersion;
  endVersion: StateVersion;
  /** Ids of the queries that the client has dropped. */
  removed: readonly number[];
  updates: readonly { queryId: number; result: LiveResult }[];
}): WireText {
  const versions = JSON.stringify({
    type: "Transition",
    startVersion,
    endVersion,
  });
  const pieces: (string | Buffer)[] = [];
  let before = `${versions.slice(0, -1)},"modifications":[`;
  for (const queryId of removed) {
    pieces.push(`${before}{"type":"QueryRemoved","queryId":${queryId}}`);
    before = ",";
  }
  for (const { queryId, result } of updates) {
    pieces.push(`${before}{"queryId":${queryId},`, result.text);
    before = ",";
  }
  pieces.push(before === "," ? "]}" : `${before}]}`);
  return pieces;
}
