import { prefixEnd, type Key } from "../../storage/store.js";
import { addScores, type Corpus } from "./bm25.js";
import { Best, type Found } from "./best.js";
import type { CompiledSearch } from "./compile.js";
import { lengthByte } from "./lengths.js";
import {
  matchedBuckets,
  type ScoredBucket,
  type SearchRows,
} from "./matchedTerms.js";
import { documentRowKey, filterHead, termsCountKey } from "./rows.js";
import type { SearchIndex } from "./searchIndex.js";

/** Rows of a filter up to which its documents are scored one by one. */
const MAX_FILTERED = 4_096;

/** A bound on a sum of 32-bit floats is a bound up to their rounding. */
const ROUNDING = 1 + 1e-5;

/**
 * The documents that have one of the terms and all filters' values, best first: by the score, then
 * the newest. It yields after some reads, so that a term which many have need not hold the thread.
 *
 * A term's documents lie together by how much it adds to their scores, so no more of them are read
 * than can be among the best: buckets in the order of what their documents can score at most, until
 * that is less than the last of the best has. In the bucket of a term alone it is the newest.
 *
 * @param documents number of documents in the table
 */
export function* topDocuments(
  rows: SearchRows,
  index: SearchIndex,
  { terms, filters }: CompiledSearch,
  documents: number,
  limit: number,
): Generator<void, readonly Found[]> {
  const heads = filters.map(({ field, value }) =>
    filterHead(index, field, value),
  );
  // As on Convex, where a filter that is there twice counts as one that nothing has.
  const canMatch =
    new Set(heads).size === heads.length &&
    heads.every((head) => hasAny(rows, head));
  if (!canMatch || documents === 0) return [];
  const corpus: Corpus = {
    documents,
    terms: Number(rows.get(termsCountKey(index)) ?? 0),
  };
  const buckets = yield* matchedBuckets(
    rows,
    index,
    terms,
    heads.length,
    corpus,
  );
  if (buckets.length === 0) return [];
  const groups = byLength(buckets);
  const best = new Best(limit);
  const few = yield* placesOfFew(rows, heads, buckets.flat());
  if (few === null) yield* readInOrder(rows, heads, groups, best);
  else yield* readFiltered(rows, index, heads, few, groups, best);
  return best.result();
}

/** What one term adds in texts of one length, the most first; those before `at` were read. */
interface TermList {
  readonly buckets: ScoredBucket[];
  at: number;
}

/** The terms in texts of one length, in the order of the terms. */
type Group = TermList[];

function byLength(buckets: readonly ScoredBucket[][]): Map<number, Group> {
  const groups = new Map<number, Group>();
  for (const ofTerm of buckets) {
    const lists = new Map<number, TermList>();
    for (const bucket of ofTerm) {
      const list = lists.get(bucket.length);
      if (list === undefined) {
        lists.set(bucket.length, { buckets: [bucket], at: 0 });
      } else list.buckets.push(bucket);
    }
    for (const [length, list] of lists) {
      list.buckets.sort((a, b) => b.score - a.score);
      const group = groups.get(length);
      if (group === undefined) groups.set(length, [list]);
      else group.push(list);
    }
  }
  return groups;
}

/** Reads buckets in the order of what their documents can score, until none can be among the best. */
function* readInOrder(
  rows: SearchRows,
  filters: readonly Key[],
  groups: ReadonlyMap<number, Group>,
  best: Best,
): Generator<void, void> {
  const open = [...groups.values()].map((group) => ({
    group,
    seen: new Set<Key>(),
    most: bound(group),
  }));
  for (;;) {
    const next = greatest(open, ({ most }) => most);
    if (next === undefined || next.most === 0) return;
    if (!best.takesScore(next.most)) return;
    yield* readBucket(rows, filters, next.group, next.seen, best);
    next.most = bound(next.group);
  }
}

/** Reads the bucket of a group that adds the most, and what the other terms add to its documents. */
function* readBucket(
  rows: SearchRows,
  filters: readonly Key[],
  group: Group,
  seen: Set<Key>,
  best: Best,
): Generator<void, void> {
  const list = greatest(group, remaining)!;
  const { head, score } = list.buckets[list.at]!;
  const others = group
    .filter((other) => other !== list && remaining(other) > 0)
    .sort((a, b) => remaining(b) - remaining(a));
  const isAlone = others.length === 0;
  const range = { lower: head, upper: prefixEnd(head), reverse: true };
  for (const { key } of rows.range(range)) {
    yield;
    const place = key.slice(head.length);
    // Whoever is here and was not seen has nothing else to add, and is newer than all that follow.
    if (isAlone && !best.takes({ score, place })) break;
    if (seen.has(place)) continue;
    if (!isAlone) seen.add(place);
    const scores = scoresIn(rows, others, place, score, best);
    if (scores === null || !hasAll(rows, filters, place)) continue;
    scores.set(list, score);
    best.add({ place, score: total(group, scores) });
  }
  list.at += 1;
}

/**
 * What lists add to a document that has `score` of another one; null once it is known not to be
 * among the best.
 * @param lists - those that can add the most first
 */
function scoresIn(
  rows: SearchRows,
  lists: readonly TermList[],
  place: Key,
  score: number,
  best: Best,
): Map<TermList, number> | null {
  const scores = new Map<TermList, number>();
  let most = lists.reduce((sum, list) => sum + remaining(list), score);
  for (const list of lists) {
    if (!best.takesScore(most * ROUNDING)) return null;
    const added = scoreIn(rows, list, place);
    most += added - remaining(list);
    scores.set(list, added);
  }
  return scores;
}

/** Scores documents one by one. */
function* readFiltered(
  rows: SearchRows,
  index: SearchIndex,
  filters: readonly Key[],
  places: readonly Key[],
  groups: ReadonlyMap<number, Group>,
  best: Best,
): Generator<void, void> {
  for (const place of places) {
    yield;
    if (!hasAll(rows, filters, place)) continue;
    const terms = Number(rows.get(documentRowKey(index, place)) ?? 0);
    const group = groups.get(lengthByte(terms)) ?? [];
    const scores = scoresIn(rows, group, place, 0, best);
    const score = scores === null ? 0 : total(group, scores);
    if (score > 0) best.add({ place, score });
  }
}

/**
 * The places under one of the filters that has few, fewer than the terms have rows; null where none
 * has.
 */
function* placesOfFew(
  rows: SearchRows,
  filters: readonly Key[],
  buckets: readonly ScoredBucket[],
): Generator<void, Key[] | null> {
  const all = buckets.reduce((sum, { documents }) => sum + documents, 0);
  const limit = Math.min(MAX_FILTERED, all);
  for (const head of filters) {
    const places: Key[] = [];
    for (const { key } of rows.range({ lower: head, upper: prefixEnd(head) })) {
      yield;
      places.push(key.slice(head.length));
      if (places.length === limit) break;
    }
    if (places.length < limit) return places;
  }
  return null;
}

/** A document's score by what lists of its group add to it. */
function total(group: Group, scores: ReadonlyMap<TermList, number>): number {
  return group.reduce((sum, list) => addScores(sum, scores.get(list) ?? 0), 0);
}

function scoreIn(
  rows: SearchRows,
  { buckets, at }: TermList,
  place: Key,
): number {
  for (let i = at; i < buckets.length; i += 1) {
    const { head, score } = buckets[i]!;
    if (rows.get(head + place) !== undefined) return score;
  }
  return 0;
}

/** The most that a document of the group can score which was not read yet. */
function bound(group: Group): number {
  return group.reduce((sum, list) => sum + remaining(list), 0) * ROUNDING;
}

function remaining({ buckets, at }: TermList): number {
  return buckets[at]?.score ?? 0;
}

function greatest<T>(
  all: readonly T[],
  measure: (one: T) => number,
): T | undefined {
  let found: T | undefined;
  let most = -Infinity;
  for (const one of all) {
    const size = measure(one);
    if (size > most) [found, most] = [one, size];
  }
  return found;
}

function hasAll(rows: SearchRows, heads: readonly Key[], place: Key): boolean {
  return heads.every((head) => rows.get(head + place) !== undefined);
}

function hasAny(rows: SearchRows, head: Key): boolean {
  for (const _ of rows.range({ lower: head, upper: prefixEnd(head) })) {
    return true;
  }
  return false;
}
