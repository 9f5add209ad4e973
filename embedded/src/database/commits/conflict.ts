import type { Key } from "../../storage/store.js";
import type { IntervalsRead, ReadSet } from "../queries/readSet.js";
import {
  areaOf,
  componentKey,
  HEAD_BYTES,
  readGroup,
} from "../records/keyspace.js";
import { encodeId, RAW_ID_BYTES } from "../values/ids.js";
import type { MutationReads } from "../transactions/engineReads.js";
import type { RecentCommit, TouchedKey } from "./recentCommit.js";

/** What kept a mutation from committing. */
export interface Conflict {
  /** Component of the table. */
  readonly component: string;
  /** The table; a name with `_` for what is not in tables, such as `_modules` for code. */
  readonly table: string;
  /** The document that changed, where it was one. */
  readonly documentId?: string;
  /** Who changed it. */
  readonly writer: string;
}

/** Writer of the engine's own commits. */
export const ENGINE: string = "_system";

/** The code that the mutation ran was replaced. */
export const CODE_CHANGED: Conflict = {
  component: "",
  table: "_modules",
  writer: ENGINE,
};

/** So much was committed meanwhile that not all of it is known any more. */
export const TOO_OLD: Conflict = {
  component: "",
  table: "_commits",
  writer: ENGINE,
};

/** The first commit among these that changed something which was read. */
export function findConflict(
  reads: MutationReads,
  commits: readonly RecentCommit[],
): Conflict | undefined {
  if (commits.length === 0) return undefined;
  const byGroup = grouped(reads.documents);
  const { keys, components } = reads.engine;
  for (const commit of commits) {
    const touched =
      inIntervals(byGroup, commit) ??
      first(keys, (key) => commit.wrote(key)) ??
      (commit.changedTables
        ? first(components, (path) => commit.wrote(componentKey(path)))
        : undefined) ??
      first(reads.engine.intervals, (range) => commit.wroteIn(range));
    if (touched !== undefined) return describe(touched, commit.writer);
  }
  return undefined;
}

function inIntervals(
  byGroup: ReadonlyMap<Key, readonly IntervalsRead[]>,
  commit: RecentCommit,
): TouchedKey | undefined {
  for (const group of commit.groups.keys()) {
    for (const read of byGroup.get(group) ?? []) {
      const touched = commit.touchedIn(group, read);
      if (touched !== undefined) return touched;
    }
  }
  return undefined;
}

function grouped(reads: ReadSet): Map<Key, IntervalsRead[]> {
  const byGroup = new Map<Key, IntervalsRead[]>();
  for (const read of reads.byIndex) {
    const [one] = read.intervals;
    if (one === undefined) continue;
    const group = readGroup(one.lower);
    const others = byGroup.get(group);
    if (others === undefined) byGroup.set(group, [read]);
    else others.push(read);
  }
  return byGroup;
}

function first<T, R>(
  all: Iterable<T>,
  find: (one: T) => R | undefined,
): R | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

function describe({ key, table }: TouchedKey, writer: string): Conflict {
  if (table === undefined) {
    return { component: "", table: areaOf(key), writer };
  }
  const rawId =
    readGroup(key) === table.head
      ? key.slice(HEAD_BYTES)
      : key.slice(-RAW_ID_BYTES);
  return {
    component: table.component,
    table: table.name,
    documentId: encodeId(table.number, rawId),
    writer,
  };
}
