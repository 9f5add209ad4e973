import { lengthOf } from "./lengths.js";

/*
 * Okapi BM25 as Tantivy has it, in 32-bit floats, so that scores tie where they do on Convex. What
 * Tantivy takes of each of its segments (how many documents have a term, how long texts are on
 * average) Convex sums up over all of them, so here they are those of the whole table.
 */

const f32 = Math.fround;
const K1 = f32(1.2);
const B = f32(0.75);

/** The numbers of all documents of a table, with or without text, and of their terms. */
export interface Corpus {
  readonly documents: number;
  readonly terms: number;
}

/** The weight of a term that a number of the documents have. */
export function termWeight(
  { documents }: Corpus,
  withTerm: number,
  boost: number,
): number {
  const odds = f32(
    f32(f32(documents - withTerm) + f32(0.5)) / f32(withTerm + 0.5),
  );
  const idf = f32(Math.log(f32(1 + odds)));
  return f32(f32(idf * f32(1 + K1)) * boost);
}

/**
 * What a term adds to the score of a document.
 * @param length byte of the text's length, by `lengthByte`
 */
export function termScore(
  { documents, terms }: Corpus,
  weight: number,
  { length, frequency }: { length: number; frequency: number },
): number {
  const average = f32(f32(terms) / f32(documents));
  const relative = f32(f32(B * f32(lengthOf(length))) / average);
  const norm = f32(K1 * f32(f32(1 - B) + relative));
  return f32(weight * f32(frequency / f32(frequency + norm)));
}

/** The sum of scores, in the order in which they come. */
export function addScores(sum: number, score: number): number {
  return f32(sum + score);
}
