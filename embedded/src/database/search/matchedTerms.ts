import { prefixEnd, type Key, type KeyRange } from "../../storage/store.js";
import { termScore, termWeight, type Corpus } from "./bm25.js";
import {
  parseCountKey,
  termCountsHead,
  termHead,
  bucketText,
  type Bucket,
} from "./rows.js";
import type { SearchIndex } from "./searchIndex.js";

/** What a search reads of the store. */
export interface SearchRows {
  get(key: Key): string | undefined;
  range(
    range: KeyRange,
  ): Iterable<{ readonly key: Key; readonly value: string }>;
}

/** The terms, and values of filter fields, that a search considers at most. */
const MAX_UNIQUE_TERMS = 64;

/** What a term that only begins with the last one counts of one that is it. */
const PREFIX_BOOST = 0.5;

/** A term of the index that a search matches. */
interface MatchedTerm {
  readonly term: Key;
  readonly boost: number;
  readonly buckets: readonly (Bucket & { documents: number })[];
}

/** Documents that have one term equally often, in texts of one length. */
export interface ScoredBucket {
  /** Beginning of their rows; their places follow. */
  readonly head: Key;
  readonly length: number;
  readonly documents: number;
  /** What the term adds to the score of each. */
  readonly score: number;
}

/**
 * The buckets of all terms that a search matches, by term, the terms in order. Its terms themselves
 * come first, then those that begin with the last of them, in the order of their bytes, up to
 * {@link MAX_UNIQUE_TERMS} together with the filters.
 */
export function* matchedBuckets(
  rows: SearchRows,
  index: SearchIndex,
  terms: readonly Key[],
  filters: number,
  corpus: Corpus,
): Generator<void, ScoredBucket[][]> {
  const matched = new Map<Key, MatchedTerm>();
  for (const term of new Set(terms)) {
    const buckets = bucketsUnder(rows, index, termCountsHead(index, term));
    const [own] = yield* gathered(buckets, 1);
    if (own !== undefined) {
      matched.set(term, { term, boost: 1, buckets: own.buckets });
    }
  }
  const last = terms.at(-1);
  const room = MAX_UNIQUE_TERMS - matched.size - filters;
  if (last !== undefined && room > 0) {
    const head = termCountsHead(index, last, true);
    const known = new Set(matched.keys());
    // Those that are known need no room of their own.
    const buckets = bucketsUnder(rows, index, head);
    for (const { term, buckets: own } of yield* gathered(
      buckets,
      room,
      known,
    )) {
      matched.set(term, { term, boost: PREFIX_BOOST, buckets: own });
    }
  }
  return [...matched.values()]
    .sort((a, b) => (a.term < b.term ? -1 : 1))
    .map((one) => scored(index, one, corpus));
}

/** Buckets by their term, of at most `limit` terms that are not among `known`. */
function* gathered(
  buckets: Iterable<Bucket & { term: Key; documents: number }>,
  limit: number,
  known: ReadonlySet<Key> = new Set(),
): Generator<
  void,
  { term: Key; buckets: (Bucket & { documents: number })[] }[]
> {
  const terms: { term: Key; buckets: (Bucket & { documents: number })[] }[] =
    [];
  for (const bucket of buckets) {
    yield;
    if (known.has(bucket.term)) continue;
    const latest = terms.at(-1);
    if (latest?.term === bucket.term) latest.buckets.push(bucket);
    else if (terms.length === limit) break;
    else terms.push({ term: bucket.term, buckets: [bucket] });
  }
  return terms;
}

function* bucketsUnder(
  rows: SearchRows,
  index: SearchIndex,
  head: Key,
): Iterable<Bucket & { term: Key; documents: number }> {
  const range = { lower: head, upper: prefixEnd(head) };
  for (const { key, value } of rows.range(range)) {
    yield { ...parseCountKey(index, key), documents: Number(value) };
  }
}

function scored(
  index: SearchIndex,
  { term, boost, buckets }: MatchedTerm,
  corpus: Corpus,
): ScoredBucket[] {
  const withTerm = buckets.reduce((sum, { documents }) => sum + documents, 0);
  const weight = termWeight(corpus, withTerm, boost);
  return buckets.map((bucket) => ({
    head: termHead(index, term) + bucketText(bucket),
    length: bucket.length,
    documents: bucket.documents,
    score: termScore(corpus, weight, bucket),
  }));
}
